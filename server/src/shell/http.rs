//! The streaming HTTP client of all vendor dialects.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use agent::wire::Request;
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, Fuse},
};
use tokio::{sync::mpsc, time::timeout};

use super::wire::News;

/// From the request to the first byte of the answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Between two pieces of the answer.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// Longest answer, in bytes.
const BODY_MAX: usize = 16 * 1024 * 1024;

/// Pieces of the answer that wait to be read; then the vendor waits.
const PIECES_MAX: usize = 16;

/// One request and its answer, which moves only while it is polled.
pub(super) struct Answer {
    post: Fuse<BoxFuture<'static, ()>>,
    news: mpsc::Receiver<News>,
}

impl Answer {
    /// Posts a request.
    pub(super) fn to(client: reqwest::Client, request: Request, body: String) -> Self {
        let (report, news) = mpsc::channel(PIECES_MAX);
        Self { post: post(client, request, body, report).boxed().fuse(), news }
    }

    /// What comes next.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        let _ = self.post.poll_unpin(cx);
        match self.news.poll_recv(cx) {
            Poll::Ready(Some(news)) => Poll::Ready(news),
            // After the last, nothing.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

/// Posts one request and streams its answer back.
async fn post(client: reqwest::Client, request: Request, body: String, report: mpsc::Sender<News>) {
    let mut post = client.post(&request.url).header("content-type", "application/json").body(body);
    for (name, value) in &request.headers {
        post = post.header(*name, value);
    }
    let answer = match timeout(ANSWER_MAX, post.send()).await {
        Err(_) => return fail(&report, "no answer in time").await,
        Ok(Err(e)) => return fail(&report, plain(&e)).await,
        Ok(Ok(answer)) => answer,
    };
    let retry_after_s = answer
        .headers()
        .get("retry-after")
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.trim().parse().ok());
    let code = answer.status().as_u16();
    if report.send(News::Status { code, retry_after_s }).await.is_err() {
        return;
    }
    let mut total = 0;
    let mut body = answer.bytes_stream();
    loop {
        match timeout(IDLE_MAX, body.next()).await {
            Err(_) => return fail(&report, "the answer stopped in the middle").await,
            Ok(None) => break,
            Ok(Some(Err(e))) => return fail(&report, plain(&e)).await,
            Ok(Some(Ok(piece))) => {
                total += piece.len();
                if total > BODY_MAX {
                    return fail(&report, "the answer is larger than is read").await;
                }
                if report.send(News::Body(piece.to_vec())).await.is_err() {
                    return;
                }
            }
        }
    }
    let _ = report.send(News::BodyEnd).await;
}

async fn fail(report: &mpsc::Sender<News>, reason: &str) {
    // Nobody may listen any more.
    let _ = report.send(News::Failed(reason.to_owned())).await;
}

/// The kind of error, without the URL that `reqwest` would print.
fn plain(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "could not connect"
    } else if error.is_timeout() {
        "no answer in time"
    } else if error.is_body() || error.is_decode() {
        "the answer broke off"
    } else if error.is_builder() {
        "not a request that can be sent"
    } else {
        "the request failed"
    }
}
