//! A request as a line for curl.

use pleo::{
    bytes::Bytes,
    http::{Request, header},
};

/// How a request is authenticated, by a variable that holds the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// An API key: the user name of HTTP Basic, with an empty password.
    Basic,
    /// An OAuth access token.
    Bearer,
}

/// The request as a line for a POSIX shell, with the secret as a variable. Postman imports it, too.
pub(crate) fn line(request: &Request<Bytes>, scheme: Scheme) -> String {
    let mut parts = vec![
        "curl".to_owned(),
        "--request".to_owned(),
        request.method().to_string(),
        quoted(&request.uri().to_string()),
    ];
    match scheme {
        Scheme::Basic => parts.extend(["--user", r#""$PLEO_API_KEY:""#].map(str::to_owned)),
        Scheme::Bearer => {
            parts.extend(["--header", r#""Authorization: Bearer $PLEO_ACCESS_TOKEN""#].map(str::to_owned));
        }
    }
    for (name, value) in request.headers() {
        if name == header::AUTHORIZATION || value.is_sensitive() {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        parts.extend(["--header".to_owned(), quoted(&format!("{name}: {value}"))]);
    }
    if !request.body().is_empty() {
        let body = String::from_utf8_lossy(request.body());
        parts.extend(["--data-raw".to_owned(), quoted(&body)]);
    }
    parts.join(" ")
}

/// A text as one word of a POSIX shell, in which nothing is special.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_the_request_and_a_variable_for_the_secret() {
        let request = Request::post("https://external.staging.pleo.io/v1/vendors?name=a%26b")
            .header("content-type", "application/json")
            .header("authorization", "Basic RkFLRTo=")
            .body(Bytes::from_static(b"{\"name\":\"O'Hara $(rm) `x`\"}"))
            .unwrap();
        let expected = r#"curl --request POST 'https://external.staging.pleo.io/v1/vendors?name=a%26b' --user "$PLEO_API_KEY:" --header 'content-type: application/json' --data-raw '{"name":"O'\''Hara $(rm) `x`"}'"#;
        assert_eq!(line(&request, Scheme::Basic), expected);
        let line = line(&request, Scheme::Bearer);
        assert!(line.contains(r#"--header "Authorization: Bearer $PLEO_ACCESS_TOKEN""#), "{line}");
    }
}
