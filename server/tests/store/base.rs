//! A PostgreSQL of the test's own: installed when it is not there and may be, with its data and its
//! socket in a folder that goes with it. It listens on no port.

use server::store::Connection as _;
use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// Whoever may not run it as root runs it as this user.
const USER: &str = "postgres";

pub(crate) struct Postgres {
    programs: PathBuf,
    dir: tempfile::TempDir,
    bases: AtomicU32,
}

impl Postgres {
    /// Starts one; none where it is not and cannot be installed.
    pub(crate) fn start() -> Option<Self> {
        let programs = programs().or_else(|| install().then(programs).flatten())?;
        let dir = tempfile::tempdir().expect("a folder");
        let base = Self { programs, dir, bases: AtomicU32::new(0) };
        let root = base.dir.path().display().to_string();
        if is_root() {
            assert!(done(Command::new("chown").args([USER, &root])), "chown");
        }
        let data = format!("{root}/data");
        base.run("initdb", &["-D", &data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"]);
        let options = format!("-c listen_addresses= -c fsync=off -k {root}");
        let log = format!("{root}/log");
        base.run("pg_ctl", &["-D", &data, "-o", &options, "-l", &log, "-w", "start"]);
        Some(base)
    }

    /// A connection to an empty data base.
    pub(crate) fn fresh(&self) -> server::store::Postgres {
        self.connect(&self.make())
    }

    /// An empty data base; its name.
    pub(crate) fn make(&self) -> String {
        let name = format!("base{}", self.bases.fetch_add(1, Ordering::Relaxed));
        self.connect(USER).batch(&format!("CREATE DATABASE {name}")).expect("made");
        name
    }

    /// One more connection to a data base.
    pub(crate) fn connect(&self, base: &str) -> server::store::Postgres {
        let url = format!("host={} user={USER} dbname={base}", self.dir.path().display());
        server::store::Postgres::connect(&url).expect("connected")
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", USER, "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        assert!(done(command.args(arguments).current_dir("/")), "{}", program.display());
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.dir.path().join("data").display().to_string();
        self.run("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"]);
    }
}

fn done(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stdin(Stdio::null()).status().is_ok_and(|it| it.success())
}

/// Where its programs are: the newest of the distribution's, else those of the path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|it| it.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout == b"0\n")
}

fn install() -> bool {
    let apt = |arguments: &[&str]| {
        done(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    is_root()
        && apt(&["update", "-q"])
        && apt(&["install", "-qy", "--no-install-recommends", "postgresql"])
}
