//! The operation catalogue.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use xtask_openapi::passes::COMPANY;

use crate::condition::condition_tokens;
use crate::docs::docs;
use crate::draft::{BANNER, Draft};
use crate::plan::{COMMON, Module, OperationEntry, Plan, documentation};

/// The file with the catalogue entries of a module.
pub(super) fn file(plan: &Plan, module: &Module) -> Draft {
    let entries = module.operations.iter().map(|(name, operation)| entry(plan, name, operation));
    let all = module.operations.keys().map(|name| format_ident!("{}", name.to_uppercase()));
    let count = module.operations.len();
    let code = quote! {
        #[allow(unused_imports)]
        use crate::{CompanyLocation, Operation, Parameter, ParameterLocation, RequestBody, Safety, SecurityScheme};

        /// All operations of the family, by name.
        pub static ALL: [&Operation; #count] = [#(&#all),*];

        #(#entries)*
    };
    let doc = format!("Catalogue of the API family `{}`.", module.family);
    Draft::of_module(plan, module, &doc, code)
}

/// The file that declares all modules and lists the families.
pub(super) fn root_file(plan: &Plan) -> Draft {
    let modules = plan.modules().iter().map(|module| {
        let name = format_ident!("{}", module.name);
        let condition = (module.name != COMMON).then(|| condition_tokens([&module.family]));
        quote! { #condition pub mod #name; }
    });
    let families = plan.families().map(|module| {
        let (family, name) = (&module.family, format_ident!("{}", module.name));
        let condition = condition_tokens([family]);
        quote! { #condition (#family, &#name::operations::ALL) }
    });
    let code = quote! {
        #(#modules)*

        /// The chosen API families with their operations, by name.
        pub(crate) static FAMILIES: &[(&str, &[&crate::Operation])] = &[#(#families),*];
    };
    Draft::new(BANNER.to_owned(), "One module per API family.", code)
}

fn entry(plan: &Plan, name: &str, operation: &OperationEntry) -> TokenStream {
    let ident = format_ident!("{}", name.to_uppercase());
    let doc = docs(&format!("Entry of [`{name}`](crate::Client::{name})."));
    let method = format_ident!("{}", operation.method.to_uppercase());
    let path = &operation.path;
    let description = operation.description().trim_end();
    let family = operation.text("x-pleo-family");
    let api = operation.text("x-pleo-api");
    let pleo_id = operation.text("x-pleo-operation-id");
    let deprecated = operation.flag("deprecated");
    let unlisted = operation.flag("x-pleo-unlisted");
    let superseded_by = option(Some(operation.text("x-pleo-superseded-by")).filter(|name| !name.is_empty()));
    let parameters = operation.parameters().map(parameter);
    let request_body = request_body(operation);
    let company = company(plan, operation);
    let organization =
        option(query_parameters(operation).map(|(name, _)| name).find(|name| *name == "organization_id"));
    let scopes = match operation.value.get("x-pleo-scopes").and_then(Value::as_array) {
        Some(scopes) => {
            let scopes = scopes.iter().filter_map(Value::as_str);
            quote! { Some(&[#(#scopes),*]) }
        }
        None => quote! { None },
    };
    let security = security(operation);
    let safety = safety(operation);
    let success = success_statuses(operation);
    let responds_with_json = success.into_iter().any(|response| response.get("content").is_some());
    let errors = error_statuses(operation);
    let documentation = documentation(operation);
    quote! {
        #(#doc)*
        pub static #ident: Operation = Operation {
            id: #name,
            pleo_id: #pleo_id,
            method: http::Method::#method,
            path: #path,
            family: #family,
            api: #api,
            description: #description,
            deprecated: #deprecated,
            superseded_by: #superseded_by,
            unlisted: #unlisted,
            parameters: &[#(#parameters),*],
            request_body: #request_body,
            company: #company,
            organization: #organization,
            scopes: #scopes,
            security: &[#(#security),*],
            safety: #safety,
            responds_with_json: #responds_with_json,
            errors: &[#(#errors),*],
            documentation: #documentation,
        };
    }
}

fn option(text: Option<&str>) -> TokenStream {
    match text {
        Some(text) => quote! { Some(#text) },
        None => quote! { None },
    }
}

fn parameter(parameter: &Value) -> TokenStream {
    let text = |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or_default();
    let name = text("name");
    let required = parameter.get("required") == Some(&Value::Bool(true));
    let list = parameter.pointer("/schema/type") == Some(&Value::from("array"));
    let constructor = match text("in") {
        "path" => format_ident!("path"),
        "header" => format_ident!("header"),
        _ => format_ident!("query"),
    };
    let mut code = quote! { Parameter::#constructor(#name) };
    if required && constructor != "path" {
        code = quote! { #code.required() };
    }
    if list {
        code = quote! { #code.list() };
    }
    code
}

fn request_body(operation: &OperationEntry) -> TokenStream {
    let Some(body) = operation.value.get("requestBody") else { return quote! { None } };
    let required = body.get("required") == Some(&Value::Bool(true));
    let media_type = body.get("x-pleo-media-type").and_then(Value::as_str).unwrap_or("application/json");
    quote! { Some(RequestBody { required: #required, media_type: #media_type }) }
}

fn query_parameters(operation: &OperationEntry) -> impl Iterator<Item = (&str, bool)> {
    operation.parameters().filter(|parameter| parameter.get("in") == Some(&Value::from("query"))).filter_map(
        |parameter| {
            Some((parameter.get("name")?.as_str()?, parameter.get("required") == Some(&Value::Bool(true))))
        },
    )
}

/// Where the company goes: a query parameter in either spelling, else a member of the body.
fn company(plan: &Plan, operation: &OperationEntry) -> TokenStream {
    let query = query_parameters(operation).find(|(name, _)| COMPANY.contains(name));
    if let Some((name, required)) = query {
        return quote! { CompanyLocation::Query { name: #name, required: #required } };
    }
    let body =
        operation.value.get("requestBody").and_then(|body| body.pointer("/content/application~1json/schema"));
    let schema = body.and_then(|schema| match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => xtask_openapi::pointer::schema_name(reference).and_then(|name| plan.schema(name)),
        None => Some(schema),
    });
    let name = COMPANY.into_iter().find(|name| {
        schema
            .and_then(|schema| schema.get("properties"))
            .is_some_and(|properties| properties.get(name).is_some())
    });
    match name {
        Some(name) => {
            let required = schema.and_then(|schema| schema.get("required")).and_then(Value::as_array);
            let required = required.is_some_and(|required| required.contains(&Value::from(name)));
            quote! { CompanyLocation::Body { name: #name, required: #required } }
        }
        None => quote! { CompanyLocation::Nowhere },
    }
}

fn security(operation: &OperationEntry) -> Vec<TokenStream> {
    let declared = operation.value.get("security").and_then(Value::as_array);
    let has =
        |scheme: &str| declared.into_iter().flatten().any(|requirement| requirement.get(scheme).is_some());
    let mut schemes = Vec::new();
    if has("basicAuth") {
        schemes.push(quote! { SecurityScheme::Basic });
    }
    if has("bearerAuth") {
        schemes.push(quote! { SecurityScheme::Bearer });
    }
    schemes
}

fn safety(operation: &OperationEntry) -> TokenStream {
    if operation.flag("x-pleo-safe") || matches!(operation.method, "get" | "head" | "options") {
        quote! { Safety::Safe }
    } else if matches!(operation.method, "put" | "delete") {
        quote! { Safety::Idempotent }
    } else {
        quote! { Safety::Neither }
    }
}

fn responses(operation: &OperationEntry) -> impl Iterator<Item = (&String, &Value)> {
    operation.value.get("responses").and_then(Value::as_object).into_iter().flatten()
}

fn success_statuses(operation: &OperationEntry) -> Vec<&Value> {
    responses(operation).filter(|(status, _)| status.starts_with('2')).map(|(_, response)| response).collect()
}

fn error_statuses(operation: &OperationEntry) -> Vec<u16> {
    responses(operation)
        .filter_map(|(status, _)| status.parse().ok())
        .filter(|status| *status >= 400)
        .collect()
}
