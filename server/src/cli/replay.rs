//! `trunkline replay DIR…`

use std::{path::PathBuf, process::ExitCode, time::Instant};

use super::{Speed, say};
use crate::replay::replay;

/// Does it: exit code 0 only when everything was as recorded.
pub fn run(dirs: &[PathBuf], speed: Speed) -> anyhow::Result<ExitCode> {
    let mut all_same = true;
    for dir in dirs {
        let began = Instant::now();
        match replay(dir, speed == Speed::Real)? {
            Ok(same) => {
                let times = same.lasted.as_secs_f64() / began.elapsed().as_secs_f64().max(1e-6);
                let sound = same.sound.map_or("no tape".to_owned(), |(inputs, outputs)| {
                    format!("sound {inputs} inputs → {outputs} outputs")
                });
                say(format!(
                    "identical  {}: mind {} inputs → {} outputs, {sound}; {:.1} s of call, {times:.0} × real time",
                    dir.display(),
                    same.mind_inputs,
                    same.mind_outputs,
                    same.lasted.as_secs_f64(),
                ));
                if let Some(torn) = same.torn {
                    say(format!("           {torn}"));
                }
            }
            Err(difference) => {
                all_same = false;
                say(format!("DIFFERENT  {}: first difference at {difference}", dir.display()));
            }
        }
    }
    Ok(if all_same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
