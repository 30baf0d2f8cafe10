//! Prints the JSON Schema of the JSON report, as `schemas/report.schema.json` publishes it.

fn main() -> serde_json::Result<()> {
    println!("{}", serde_json::to_string_pretty(&pleo_conformance::report::json::schema())?);
    Ok(())
}
