//! The types that are enums.

use std::fmt::Write as _;

use serde_json::Value;

use crate::condition::write_condition;
use crate::docs::lines;
use crate::plan::Plan;
use crate::prose::prose;
use xtask_openapi::{foreign::markdown_code, names};

/// Writes an enum by hand: the formatter does not know the macro's grammar.
pub(crate) fn open_enum(plan: &Plan, out: &mut String, rust: &str, schema: &Value) {
    let description = schema.get("description").and_then(Value::as_str).unwrap_or(rust);
    out.push('\n');
    write_condition(plan, out, rust);
    out.push_str("open_enum! {\n");
    for line in lines(&prose(description)) {
        let _ = writeln!(out, "    ///{line}");
    }
    let _ = writeln!(out, "    pub enum {rust} {{");
    let values =
        || schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for (value, variant) in values().zip(names::variants(values())) {
        // The macro documents a variant by its value.
        let shown = markdown_code(value);
        if shown != format!("`{value}`") {
            let _ = writeln!(out, "        /// {shown}");
        }
        let _ = writeln!(out, "        {variant} = {value:?},");
    }
    let _ = writeln!(out, "    }}\n}}");
}
