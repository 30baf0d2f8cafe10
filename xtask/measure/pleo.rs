use pleo::{ClientBuilder, StandaloneApiKey, Staging};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = ClientBuilder::new(StandaloneApiKey::new(Staging, "FAKE-KEY")?).build()?;
    let response = client.OPERATION().send().await?;
    println!("{response:?}");
    Ok(())
}
