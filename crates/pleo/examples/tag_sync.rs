//! Makes a tag group equal to a CSV file with the columns `code` and `name`.
//!
//! `cargo run -p pleo --example tag_sync -- PROJECT projects.csv` shows what would change in the group with the code
//! `PROJECT`, and with `--apply` at the end changes it. The variables `PLEO_ENVIRONMENT`, `PLEO_API_KEY` and
//! `PLEO_COMPANY_ID` say whose.

use std::{env, error::Error};

use pleo::{
    ClientBuilder,
    tag_sync::{self, LocalTag, TagPlan},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [group, path, rest @ ..] = &*arguments else { return Err("usage: GROUP FILE [--apply]".into()) };
    let list: Vec<LocalTag> = csv::Reader::from_path(path)?.deserialize().collect::<Result<_, _>>()?;
    let client = ClientBuilder::from_env()?.build()?;
    let group = tag_sync::find_group(&client, group).await?;
    let plan = TagPlan::read(&client, group.id, list).await?;
    println!("{plan}");
    if rest == ["--apply"] {
        let done = plan.apply(&client).await.into_result()?;
        println!("{} changes made", done.len());
    }
    Ok(())
}
