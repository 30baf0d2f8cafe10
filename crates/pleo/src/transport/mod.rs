//! A transport around another one that sends calls at a steady pace, and again where that is allowed.

mod pace;
mod retry;

use std::{sync::Arc, time::Duration};

use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{Instrument as _, Span, field::Empty};

pub use self::{pace::Pace, retry::RetryPolicy};
use self::{pace::Pacer, retry::Budget};
use crate::{
    Attempts, Body, BoxFuture, Call, Error, Operation, ReqwestTransport, Transport, TransportError,
    TransportErrorKind, read_success, retry_after,
};

/// Sends calls through another transport: paced, and again after failures that allow it.
///
/// Clones share the pace and a budget for retries. Each attempt is authorised anew, so that a token which
/// was renewed meanwhile is used. The body of a success is read here, up to the call's limit, so that one that breaks off
/// is seen and the call can be sent again.
///
/// With a subscriber of the crate `tracing`, each call and each attempt is a span. The names of their fields
/// are those of OpenTelemetry's conventions for HTTP clients. They hold neither query nor headers nor bodies, and of
/// the path only its template.
#[derive(Debug, Clone)]
pub struct RetryTransport<T> {
    inner: T,
    policy: RetryPolicy,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pacer: Pacer,
    budget: Budget,
}

impl<T: Transport> RetryTransport<T> {
    /// A transport around another one.
    pub fn new(inner: T, policy: RetryPolicy, pace: Pace) -> Self {
        Self { inner, policy, shared: Arc::new(Shared { pacer: Pacer::new(pace), budget: Budget::new() }) }
    }

    async fn run(&self, call: Call<'_>) -> Result<Response<Body>, Error> {
        let operation = call.operation();
        let own = call.timeout();
        // A call that is repeated with a renewed token goes on where it was.
        let Attempts { sent: mut attempts, deadline } = call.attempts();
        let limit = own.unwrap_or(self.policy.total_timeout());
        let deadline = deadline.map_or_else(|| self::deadline(limit), Instant::from_std);
        let mut last = Err(no_turn(operation));
        while self.shared.pacer.turn(deadline).await.is_ok() {
            attempts += 1;
            let span = attempt_span(&call, attempts);
            let call = match own {
                Some(_) => call.clone().with_timeout(deadline - Instant::now()),
                None => call.clone(),
            };
            let attempt = timeout_at(deadline, self.attempt(call)).instrument(span.clone()).await;
            last = attempt.unwrap_or_else(|_| Err(too_long(operation)));
            record(&span, &last);
            let Some(wait_until) = self.next_attempt(operation, &last, attempts, deadline) else { break };
            span.in_scope(|| tracing::info!(wait = ?wait_until - Instant::now(), "the call is sent again"));
            sleep_until(wait_until).await;
        }
        finished(last, Attempts { sent: attempts, deadline: Some(deadline.into_std()) })
    }

    /// Sends the call once, and reads the body of a success.
    async fn attempt(&self, call: Call<'_>) -> Result<Response<Body>, Error> {
        let (operation, limit) = (call.operation(), call.body_limit());
        let response = self.inner.send(call).await?;
        if !response.status().is_success() {
            return Ok(response);
        }
        let (head, body) = response.into_parts();
        let body = read_success(operation, head.status, body, limit).await?;
        Ok(Response::from_parts(head, Full::new(body).map_err(|never| match never {}).boxed_unsync()))
    }

    /// When the call is sent again, if it is.
    fn next_attempt(
        &self,
        operation: &Operation,
        outcome: &Result<Response<Body>, Error>,
        attempts: u32,
        deadline: Instant,
    ) -> Option<Instant> {
        let (may_retry, asked) = match outcome {
            Ok(response) if response.status().is_success() => {
                self.shared.budget.earn();
                return None;
            }
            Ok(response) => {
                let asked = retry_after(response.headers());
                if response.status() == StatusCode::TOO_MANY_REQUESTS {
                    self.shared.pacer.slow_down(asked.filter(|asked| *asked <= self.policy.longest_pause()));
                }
                (operation.may_retry_status(response.status()), asked)
            }
            Err(Error::Transport { source, .. }) => (operation.may_retry_failure(source.kind()), None),
            Err(_) => (false, None),
        };
        let wait = self.policy.wait(attempts, asked).filter(|_| may_retry)?;
        let next = Instant::now().checked_add(wait).filter(|next| *next < deadline)?;
        self.shared.budget.spend().then_some(next)
    }
}

impl<T: Transport> Transport for RetryTransport<T> {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Response<Body>, Error>> {
        let span = tracing::info_span!("pleo_call", otel.name = call.operation().id);
        Box::pin(self.run(call).instrument(span))
    }

    fn body_limit(&self) -> usize {
        self.inner.body_limit()
    }

    fn reqwest(&self) -> Option<&ReqwestTransport> {
        self.inner.reqwest()
    }
}

/// The outcome of the last attempt, with the number of attempts.
fn finished(outcome: Result<Response<Body>, Error>, attempts: Attempts) -> Result<Response<Body>, Error> {
    match outcome {
        Ok(mut response) => {
            response.extensions_mut().insert(attempts);
            Ok(response)
        }
        // The last attempt was not sent.
        Err(error @ Error::Refused { .. }) => Err(error.with_attempts(attempts.sent - 1)),
        Err(error) => Err(error.with_attempts(attempts.sent)),
    }
}

/// The deadline after this duration, capped at thirty years.
fn deadline(time: Duration) -> Instant {
    const THIRTY_YEARS: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    Instant::now() + time.min(THIRTY_YEARS)
}

fn no_turn(operation: &'static Operation) -> Error {
    let cause = "too many calls are waiting for their turn; raise the pace or make fewer calls";
    Error::Transport { operation, source: TransportError::new(TransportErrorKind::NotSent, cause) }
}

fn too_long(operation: &'static Operation) -> Error {
    let source = TransportError::new(TransportErrorKind::Timeout, "the time for all attempts is over");
    Error::Transport { operation, source }
}

/// The span of one attempt, by OpenTelemetry's conventions for HTTP clients.
fn attempt_span(call: &Call<'_>, attempts: u32) -> Span {
    let operation = call.operation();
    let span = tracing::info_span!(
        "http_request",
        otel.name = Empty,
        otel.kind = "client",
        http.request.method = operation.method.as_str(),
        http.request.resend_count = Empty,
        http.response.status_code = Empty,
        url.template = operation.path,
        server.address = Empty,
        server.port = Empty,
        error.r#type = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    span.record(
        "otel.name",
        tracing::field::display(format_args!("{} {}", operation.method, operation.path)),
    );
    if attempts > 1 {
        span.record("http.request.resend_count", attempts - 1);
    }
    if let Ok(base) = call.base_url().parse::<http::Uri>() {
        let standard = if base.scheme_str() == Some("https") { 443 } else { 80 };
        span.record("server.address", base.host());
        span.record("server.port", base.port_u16().unwrap_or(standard));
    }
    span
}

fn record(span: &Span, outcome: &Result<Response<Body>, Error>) {
    let status = match outcome {
        Ok(response) => Ok(response.status()),
        Err(error) => error.status().ok_or(error),
    };
    match status {
        Ok(status) => {
            span.record("http.response.status_code", status.as_u16());
            if !status.is_success() {
                span.record("error.type", status.as_str());
            }
        }
        Err(Error::Transport { source, .. }) => {
            span.record("error.type", tracing::field::debug(source.kind()));
        }
        Err(_) => {
            span.record("error.type", "refused");
        }
    }
}
