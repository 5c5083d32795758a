//! The view when the output is no terminal: lines, each once it can no longer change.

use std::io::{self, Write};

use super::{View, scene::Scene};

/// Lines younger than this may still be corrected, in s.
const SETTLES: f64 = 1.5;

/// Prints the log.
#[derive(Default)]
pub(super) struct Plain {
    printed: usize,
}

impl Plain {
    fn print(&mut self, scene: &Scene, all: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        while let Some(said) = scene.log.get(self.printed) {
            if !all && scene.second < said.at + SETTLES {
                break;
            }
            writeln!(out, "{:6.1} s  {:<5}  {}", said.at, said.who, said.text)?;
            self.printed += 1;
        }
        out.flush()
    }
}

impl View for Plain {
    fn draw(&mut self, scene: &Scene) -> io::Result<()> {
        self.print(scene, false)
    }

    fn close(&mut self, scene: &Scene) -> io::Result<()> {
        self.print(scene, true)
    }
}
