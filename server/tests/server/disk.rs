//! A disk that is full, or read-only: calls that run go on, none are taken, and all is well again when
//! the disk is.
//!
//! The disk is real: a small tmpfs, and a mount made read-only. Where mounting is not allowed, each test
//! says that it was not tried.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;
use server::journal;
use sim::directory;
use tokio::time::{sleep, timeout};

use crate::house::{House, Line, PATIENCE, on_disk};

const NOT_TRIED: &str = "NOT TRIED: a tmpfs cannot be mounted here (it takes root)";

/// Mounts that go with it.
struct Mounts(Vec<PathBuf>);

impl Drop for Mounts {
    fn drop(&mut self) {
        while let Some(path) = self.0.pop() {
            run("umount", &["-l".as_ref(), path.as_ref()]);
        }
    }
}

fn run(program: &str, arguments: &[&std::ffi::OsStr]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|done| done.status.success())
}

impl Mounts {
    fn tmpfs(&mut self, path: &Path) -> bool {
        let arguments = ["-t", "tmpfs", "-o", "size=12m", "trunkline-test"].map(AsRef::as_ref);
        let mounted = run("mount", &[&arguments[..], &[path.as_ref()]].concat());
        if mounted {
            self.0.push(path.to_owned());
        }
        mounted
    }

    /// The same files a second time, over themselves, read-only.
    fn read_only(&mut self, path: &Path) {
        let path = path.as_ref();
        assert!(run("mount", &["--bind".as_ref(), path, path]), "mounted");
        self.0.push(path.into());
        assert!(run("mount", &["-o".as_ref(), "remount,bind,ro".as_ref(), path]), "read-only");
    }

    fn writable_again(&mut self) {
        let path = self.0.pop().expect("mounted");
        assert!(run("umount", &["-l".as_ref(), path.as_ref()]), "taken away");
    }
}

async fn health(house: &House) -> Value {
    serde_json::from_str(&house.get("/health").await.1).expect("JSON")
}

async fn becomes(house: &House, status: &str) -> Value {
    let became = async {
        loop {
            let health = health(house).await;
            if health["status"] == status {
                return health;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, became).await.expect("in time")
}

/// A call that talks, on a small disk; `None` where there can be none.
async fn talking() -> Option<(House, Mounts, String)> {
    let mounts = std::cell::RefCell::new(Mounts(Vec::new()));
    let mounted = std::cell::Cell::new(false);
    let prepare = |path: &Path| mounted.set(mounts.borrow_mut().tmpfs(path));
    let house = on_disk(Line::Pipes, &prepare).await;
    if !mounted.get() {
        return None;
    }
    assert_eq!(health(&house).await["status"], "healthy");
    let id = house.place(directory::SILENT).await;
    house.reaches(&id, "answered").await;
    Some((house, mounts.into_inner(), id))
}

async fn refuses_calls(house: &House, whys: &[&str]) {
    let health = becomes(house, "degraded").await;
    assert_eq!(health["ok"], true, "it must not be killed for that");
    let told = health["reason"].as_str().expect("a reason");
    assert!(whys.iter().any(|why| told.contains(why)), "{health}");
    let (status, answer) = house.post("/call", r#"{"to":"+12125550142","task":"x"}"#).await;
    let code = answer["error"]["code"].as_str();
    assert_eq!((status, code), (503, Some("storage_unavailable")), "{answer}");
    assert_eq!(house.get("/ready").await.0, 503);
}

/// Hangs up, in spite of it all.
async fn ends_well(house: &House, id: &str) {
    let (status, _) = house.post(&format!("/call/{id}/hangup"), "").await;
    assert_eq!(status, 200);
    assert_eq!(house.ended(id).await["outcome"], "answered");
}

/// The disk is well: so is everything that was owed to it, and calls are taken.
async fn is_well_again(house: &House, id: &str) {
    becomes(house, "healthy").await;
    let dir = house.call_dir(id);
    let transcript = dir.join(journal::TRANSCRIPT);
    let written = async {
        while !transcript.exists() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, written).await.expect("in time");
    let body: Value = serde_json::from_slice(&fs::read(transcript).expect("read")).expect("JSON");
    assert_eq!(body["outcome"], "answered");
    // Nothing was lost of the mind, and nothing half written of the rest.
    let same = server::replay::replay(&dir, false).expect("readable").expect("identical");
    assert!(same.mind_outputs > 5 && same.torn.is_none(), "{same:?}");
    let (callee, _) = server::recordings::sound(&dir).expect("a recording");
    assert!(!callee.is_empty());
    let next = house.place(directory::BUSY).await;
    assert_eq!(house.ended(&next).await["outcome"], "busy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_costs_no_call() {
    let Some((house, _mounts, id)) = talking().await else { return println!("{NOT_TRIED}") };
    let filler = house.call_dir("filler");
    let mut file = File::create(&filler).expect("made");
    while file.write_all(&[0; 4096]).is_ok() {}
    // A call may meet it before the disk is looked at.
    refuses_calls(&house, &["MB are free", "No space left"]).await;
    // It goes on for a while with nowhere to write.
    sleep(Duration::from_millis(600)).await;
    ends_well(&house, &id).await;
    assert!(!house.call_dir(&id).join(journal::TRANSCRIPT).exists());
    drop(file);
    fs::remove_file(filler).expect("removed");
    is_well_again(&house, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_disk_costs_no_call() {
    let Some((house, mut mounts, id)) = talking().await else { return println!("{NOT_TRIED}") };
    mounts.read_only(&house.dir.path().join("calls"));
    refuses_calls(&house, &["Read-only"]).await;
    ends_well(&house, &id).await;
    mounts.writable_again();
    is_well_again(&house, &id).await;
}
