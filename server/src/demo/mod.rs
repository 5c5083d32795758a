//! The demonstration: one errand at a simulated restaurant, through its menu and its queue, watched live,
//! judged at its end.
//!
//! Rooms: `scene` (what is going on, from happenings), `live` (a view in the terminal), `plain`
//! (lines, when the output is no terminal), `verdict` (was the errand done?), `way` (how we came to
//! the person, by the callee's account).

mod live;
mod plain;
mod scene;
mod verdict;
mod way;

use std::{
    io::IsTerminal,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use agent::call::Request;
use anyhow::{Context, ensure};
use platform::{CallRequest, Destinations};
use serde_json::{Value, json};
use sim::directory;
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::{assembly, config::Config, vendors::Cast};
use scene::Scene;
pub use verdict::{Outcome, epilogue};

/// The call is hung up after this long.
const LASTS_MAX: Duration = Duration::from_secs(110);
/// How often the view is drawn.
const FRAME: Duration = Duration::from_millis(80);

/// The body of the request, to this number.
pub fn request(to: &str) -> Value {
    json!({
        "to": to,
        "task": "Book a table for four people on Friday at 7:30 pm. \
                 The name is Miller. The phone number is 212 555 0117.",
    })
}

/// Draws what goes on.
trait View {
    /// Something changed, or a moment passed.
    fn draw(&mut self, scene: &Scene) -> std::io::Result<()>;
    /// The call is over: gives the terminal back.
    fn close(&mut self, scene: &Scene) -> std::io::Result<()>;
}

/// Live in a terminal that can, else lines.
fn view() -> Box<dyn View> {
    if std::io::stdout().is_terminal()
        && let Ok(live) = live::Live::open()
    {
        return Box::new(live);
    }
    Box::new(plain::Plain::default())
}

/// Places the call and watches it to its end.
pub async fn run(config: &Config, cast: Cast) -> anyhow::Result<Outcome> {
    // HTTP is not served: nothing comes in by address.
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let running = assembly::start(config, cast, nowhere, None)?;
    let request = request(directory::SWITCHBOARD).to_string();
    let request = CallRequest::from_json(request.as_bytes(), &Destinations::default())?;
    let id = running.exchange.place(request).await?;
    let call = running.exchange.find(&id).context("the call vanished")?;
    let mut happenings = call.watch();
    let mut scene = Scene::default();
    let mut view = view();
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let limit = sleep_until(Instant::now() + LASTS_MAX);
    tokio::pin!(limit);
    let mut asked = false;
    let watched = async {
        loop {
            tokio::select! {
                happening = happenings.recv() => match happening {
                    Ok(happening) => scene.happen(&happening),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => break,
                },
                _ = frames.tick() => {
                    scene.levels = call.levels.get();
                    view.draw(&scene)?;
                }
                () = &mut limit, if !asked => {
                    asked = true;
                    call.request(Request::Hangup);
                }
            }
            if scene.ended {
                break;
            }
        }
        std::io::Result::Ok(())
    };
    let result = watched.await;
    view.close(&scene)?;
    result?;
    call.over().await;
    let story = crate::timeline::Story::read(&call.dir)?;
    ensure!(story.ending.is_some(), "the journal has no end");
    Ok(Outcome { dir: call.dir, story, truth: running.truths.of(&id), report: scene.report })
}
