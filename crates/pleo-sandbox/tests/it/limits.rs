//! The limit of requests.

use std::time::Duration;

use crate::support::{TOKEN, get, sandbox, send};

#[test]
fn six_hundred_requests_a_minute_are_answered() {
    let (sandbox, _) = sandbox();
    for number in 1..=600 {
        assert_eq!(get(&sandbox, "/v1/introspect").status, 200, "request {number}");
        if number == 300 {
            sandbox.advance(Duration::from_secs(30));
        }
    }
    let refused = get(&sandbox, "/v1/introspect");
    assert_eq!((refused.status, refused.kind()), (429, "too_many_requests"));
    assert_eq!(refused.header("retry-after"), "30");
    let bearer = format!("Bearer {TOKEN}");
    let other = send(&sandbox, "GET", "/v1/introspect", &[("authorization", &bearer)], "");
    assert_eq!(other.status, 200, "each credential has its own");
    sandbox.advance(Duration::from_secs(29));
    assert_eq!(get(&sandbox, "/v1/introspect").status, 429);
    sandbox.advance(Duration::from_secs(1));
    assert_eq!(get(&sandbox, "/v1/introspect").status, 200);
}

#[test]
fn the_limit_can_be_set_and_lifted() {
    let (sandbox, _) = sandbox();
    sandbox.set_limit(Some(1));
    let statuses =
        |times: usize| -> Vec<u16> { (0..times).map(|_| get(&sandbox, "/v1/introspect").status).collect() };
    assert_eq!(statuses(3), [200, 429, 429]);
    sandbox.set_limit(None);
    assert!(statuses(1000).iter().all(|status| *status == 200));
}
