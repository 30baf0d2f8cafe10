//! How much memory a list needs while it is read: this test measures the heap, so it is alone in its process.

#![allow(clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use peak_alloc::PeakAlloc;
use pleo::{
    Body, BoxFuture, Call, Client, Error, Pace, RetryPolicy, RetryTransport, Session, Staging,
    StandaloneApiKey,
};
use pleo_benches::pages;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const PAGE: usize = 100;

/// Responds with pages of export items, so many in all.
struct Pages(usize);

impl pleo::Transport for Pages {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let request = call.into_authorized().await?;
            let query = request.uri().query().unwrap_or_default();
            let after = query.split('&').find_map(|pair| pair.strip_prefix("after=cursor-"));
            let next = after.map_or(0, |after| after.parse().unwrap()) + 1;
            let cursor = (next < self.0).then(|| format!("cursor-{next:040}"));
            let body = Bytes::from(pages::export_items(PAGE, cursor.as_deref()));
            Ok(http::Response::new(Full::new(body).map_err(|never| match never {}).boxed_unsync()))
        })
    }
}

/// Reads a list of so many pages and gives the most bytes that were in use at once, beyond those before.
fn peak(pages: usize) -> usize {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let key = StandaloneApiKey::new(Staging, "FAKE-KEY").unwrap();
    let transport = RetryTransport::new(Pages(pages), RetryPolicy::default(), Pace::unlimited());
    let client = Client::with_transport(Session::new(key), transport).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let read = runtime.block_on(async {
        let mut items = client.list_export_items_v3().limit(PAGE as i32).items();
        let mut read = 0;
        while let Some(item) = items.next().await {
            item.unwrap();
            read += 1;
        }
        read
    });
    assert_eq!(read, pages * PAGE);
    ALLOCATOR.peak_usage().saturating_sub(before)
}

#[test]
fn a_hundred_thousand_items_need_at_most_a_fifth_more_memory_than_a_thousand() {
    // What is made once, with the first list, is part of neither.
    peak(1);
    let (ten_pages, hundred_pages) = (peak(10), peak(100));
    // What is kept of each page is the same for all, and reading a thousand of them here would take minutes.
    let per_page = hundred_pages.saturating_sub(ten_pages).div_ceil(90);
    println!("at most {ten_pages} bytes for 1,000 items, and {per_page} more for each further page of 100");
    assert!(per_page * 990 * 5 <= ten_pages, "{ten_pages} bytes, and {per_page} for each further page");
}
