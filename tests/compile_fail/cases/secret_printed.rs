//! A secret in a text, or compared with one.

use pleo_auth::Secret;

fn main() {
    let secret = Secret::from("FAKE-SECRET");
    println!("{secret}");
    let _ = secret == Secret::from("FAKE-SECRET");
}
