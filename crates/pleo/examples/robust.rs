//! A nightly job that survives bad nights: time limits, retries, a slower pace, and an error that tells what to do.
//!
//! `cargo run -p pleo --example robust`. The variables `PLEO_ENVIRONMENT`, `PLEO_API_KEY` and `PLEO_COMPANY_ID` say
//! whose employees to count.

use std::{error::Error, process::ExitCode, time::Duration};

use pleo::{ClientBuilder, HttpConfig, Pace, RetryPolicy, advice};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let client = ClientBuilder::from_env()?
        .http(HttpConfig::default().with_application("nightly/1.0").with_timeout(Duration::from_secs(20)))
        .retry(RetryPolicy::default().with_max_attempts(6).with_total_timeout(Duration::from_secs(300)))
        .pace(Pace::per_minute(250))
        .build()?;
    match client.list_employees().limit(100).items().all(10_000).await {
        Ok(employees) => println!("{} employees", employees.len()),
        Err(error) => {
            eprintln!("{error:?}");
            if let Some(advice) = advice::explain(&error) {
                eprintln!("{advice}");
            }
            return Ok(ExitCode::from(if error.is_retryable() { 75 } else { 1 }));
        }
    }
    Ok(ExitCode::SUCCESS)
}
