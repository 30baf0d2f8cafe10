//! Prints the JSON Schema of the protocol's messages.

fn main() -> serde_json::Result<()> {
    println!("{}", serde_json::to_string_pretty(&pleo_conformance::protocol::schema())?);
    Ok(())
}
