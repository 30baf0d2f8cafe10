//! What a list of 1,000 items in pages of 100 costs over loopback, from a minimal server: our client with its
//! session, retries and a pace, and bare reqwest, alone and with 16 lists at a time.

#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has to stop")]

use std::{
    cell::Cell,
    convert::Infallible,
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use criterion::Throughput;
use futures_util::future::join_all;
use hyper::{Request, Response, body::Incoming, header, service::service_fn};
use hyper_util::rt::TokioIo;
use pleo::{ClientBuilder, Pace, Sandbox, StandaloneApiKey};
use pleo_benches::{KEY, Run, by_hand, pages, print_table};
use pleo_client::bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

const PAGES: usize = 10;
const PAGE_SIZE: usize = 100;
const STREAMS: [usize; 2] = [1, 16];
const TYPED: &str = "pleo";
const BARE: &str = "bare reqwest";
const JOB: Uuid = Uuid::from_u128(0x0a1b_2c3d_4e5f_4061_8273_8495_a6b7_c8d9);

/// A server in a thread of its own, which answers every request by the page that `after` names.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let pages: Vec<Bytes> = (1..=PAGES)
        .map(|next| {
            pages::export_items(PAGE_SIZE, (next < PAGES).then(|| next.to_string()).as_deref()).into()
        })
        .collect();
    let answer = move |request: &Request<Incoming>| {
        let query = request.uri().query().unwrap_or_default();
        let after = query.split('&').find_map(|pair| pair.strip_prefix("after="));
        let page = after.map_or(0, |after| after.parse().unwrap());
        Response::builder()
            .header(header::CONTENT_TYPE, "application/json;charset=UTF-8")
            .body(http_body_util::Full::new(Bytes::clone(&pages[page])))
            .unwrap()
    };
    std::thread::spawn(move || {
        runtime().block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let answer = answer.clone();
                let service = service_fn(move |request| {
                    let response = answer(&request);
                    async move { Ok::<_, Infallible>(response) }
                });
                tokio::spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A client that goes away is no matter of the measurement.
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
    });
    address
}

/// Everything of a client runs in one thread, so that the thread's processor time is the client's.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn processor_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

async fn typed(client: &pleo_client::Client) -> usize {
    let (mut items, mut after) = (0, None::<String>);
    loop {
        let call = client.list_export_items_v3().job_id(JOB).limit(PAGE_SIZE as i32).after(after);
        let page = call.send().await.unwrap().into_inner();
        items += page.data.len();
        match page.pagination.end_cursor {
            Some(cursor) => after = Some(cursor),
            None => return items,
        }
    }
}

async fn bare(client: &reqwest::Client, base_url: &str) -> usize {
    let (mut items, mut after) = (0, None::<String>);
    let (job, limit) = (JOB.to_string(), PAGE_SIZE.to_string());
    loop {
        let mut request = client
            .get(format!("{base_url}/v3/export-items"))
            .basic_auth(KEY, None::<&str>)
            .query(&[("job_id", &job), ("limit", &limit)]);
        if let Some(after) = after {
            request = request.query(&[("after", after)]);
        }
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        let page: by_hand::Page<by_hand::ExportItem> =
            serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        items += page.data.len();
        match page.pagination.end_cursor {
            Some(cursor) => after = Some(cursor),
            None => return items,
        }
    }
}

/// Measures lists that run at one time, for one round; each has to see all items. Returns the client's
/// processor time for a request.
fn measure<F: Future<Output = usize>>(
    run: &mut Run,
    (streams, way): (usize, &str),
    runtime: &Runtime,
    list: impl Fn() -> F,
) -> Duration {
    let spent = Cell::new((Duration::ZERO, 0));
    let requests = streams * PAGES;
    let mut criterion = run.criterion();
    let mut group = criterion.benchmark_group(group_name(streams));
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2)).sample_size(20);
    group.throughput(Throughput::Elements(requests as u64));
    group.bench_function(way, |bencher| {
        bencher.iter_custom(|iterations| {
            let (processor, clock) = (processor_time(), Instant::now());
            for _ in 0..iterations {
                let lists = join_all((0..streams).map(|_| list()));
                let items = runtime.block_on(lists);
                assert!(items.iter().all(|&items| items == PAGES * PAGE_SIZE));
            }
            let elapsed = clock.elapsed();
            let sent = u32::try_from(iterations).unwrap() * u32::try_from(requests).unwrap();
            let (time, before) = spent.get();
            spent.set((time + (processor_time() - processor), before + sent));
            elapsed
        });
    });
    group.finish();
    run.keep(&group_name(streams), way);
    let (time, sent) = spent.get();
    time.checked_div(sent).unwrap_or(Duration::MAX)
}

fn group_name(streams: usize) -> String {
    format!("1000 items in pages of 100, {streams} at a time")
}

fn main() {
    let base_url = format!("http://{}", serve());
    let mut run = Run::new(env!("CARGO_TARGET_TMPDIR"));
    let mut rows = Vec::new();
    for streams in STREAMS {
        let key = StandaloneApiKey::new(Sandbox::new(&base_url).unwrap(), KEY).unwrap();
        // A pace that never makes a request wait.
        let client = ClientBuilder::new(key).pace(Pace::per_minute(100_000_000)).build().unwrap();
        let bare_client = reqwest::Client::builder().no_proxy().build().unwrap();
        // The best round of each counts, as of the times.
        let (mut of_typed, mut of_bare) = (Duration::MAX, Duration::MAX);
        // Connections live in the runtime that made them.
        let (for_typed, for_bare) = (runtime(), runtime());
        for _ in 0..Run::rounds() {
            let spent = measure(&mut run, (streams, TYPED), &for_typed, || typed(&client));
            of_typed = of_typed.min(spent);
            let spent = measure(&mut run, (streams, BARE), &for_bare, || bare(&bare_client, &base_url));
            of_bare = of_bare.min(spent);
        }
        rows.push(row(&run, streams, of_typed, of_bare));
    }
    print_table(&["list", TYPED, BARE, "requests per second, to bare", "processor time, to bare"], || rows);
}

/// Each way with its requests per second and its processor time per request.
fn row(run: &Run, streams: usize, typed: Duration, bare: Duration) -> Option<Vec<String>> {
    let group = group_name(streams);
    let per_second = |way| Some((streams * PAGES) as f64 * 1e9 / run.best(&group, way)?);
    let (typed_rate, bare_rate) = (per_second(TYPED)?, per_second(BARE)?);
    Some(vec![
        group,
        format!("{typed_rate:.0}/s, {} µs", typed.as_micros()),
        format!("{bare_rate:.0}/s, {} µs", bare.as_micros()),
        format!("{:.2}", typed_rate / bare_rate),
        format!("{:.2}", typed.as_secs_f64() / bare.as_secs_f64()),
    ])
}
