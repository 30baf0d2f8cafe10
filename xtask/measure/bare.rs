// Without Pleo, as a careful person writes it; the binary contains every dependency, so all are used.
#[derive(Debug, serde::Deserialize)]
struct Company {
    id: uuid::Uuid,
    name: String,
    since: Option<chrono::DateTime<chrono::Utc>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = reqwest::Client::new().get("https://external.staging.pleo.io/v1/companies");
    let request = request.basic_auth("FAKE-KEY", None::<&str>).query(&[("limit", 20)]);
    let companies: Vec<Company> = request.send().await?.error_for_status()?.json().await?;
    companies.iter().for_each(|company| println!("{} {} {:?}", company.id, company.name, company.since));
    Ok(())
}
