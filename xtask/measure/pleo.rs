use pleo_auth::{Client, Session, StandaloneApiKey, Staging};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = StandaloneApiKey::new(Staging, "FAKE-KEY")?;
    let client = Client::new(Session::new(key))?;
    let response = client.OPERATION().send().await?;
    println!("{response:?}");
    Ok(())
}
