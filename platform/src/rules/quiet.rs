//! Hours in which nobody is called. The shell tells what time it is in the zone.

use serde::{Deserialize, Serialize};

use crate::fault::{Code, Fault};

/// When nobody is called.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quiet {
    /// `21:00-08:00`; absent, calls are placed at any time.
    pub hours: Option<String>,
    /// Name of the time zone they are meant in, as in the IANA data base.
    pub time_zone: String,
}

impl Default for Quiet {
    fn default() -> Self {
        Self { hours: None, time_zone: "UTC".to_owned() }
    }
}

/// Hours that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write hours as 21:00-08:00, from the minute they begin to the minute they end")]
pub struct BadHours;

impl Quiet {
    /// The first minute of the day that is quiet and the first that is not, if any is.
    ///
    /// # Errors
    /// When they are written in another way.
    pub fn span(&self) -> Result<Option<(u32, u32)>, BadHours> {
        let Some(hours) = &self.hours else { return Ok(None) };
        let (from, to) = hours.split_once('-').ok_or(BadHours)?;
        Ok(Some((minute(from)?, minute(to)?)))
    }

    /// Whether somebody may be called at this minute of the day, 0 to 1439, in the zone.
    ///
    /// # Errors
    /// `forbidden`, while it is quiet.
    pub fn admits(&self, minute_of_day: u32) -> Result<(), Fault> {
        let Ok(Some((from, to))) = self.span() else { return Ok(()) };
        let is_quiet = if from <= to {
            (from..to).contains(&minute_of_day)
        } else {
            minute_of_day >= from || minute_of_day < to
        };
        if !is_quiet {
            return Ok(());
        }
        let hours = self.hours.as_deref().unwrap_or_default();
        let message = format!("nobody is called during {hours} ({})", self.time_zone);
        Err(Code::Forbidden.because(message))
    }
}

fn minute(text: &str) -> Result<u32, BadHours> {
    let (hour, minute) = text.trim().split_once(':').ok_or(BadHours)?;
    let number = |text: &str| match text.len() {
        2 if text.bytes().all(|b| b.is_ascii_digit()) => text.parse::<u32>().map_err(|_| BadHours),
        _ => Err(BadHours),
    };
    match (number(hour)?, number(minute)?) {
        (hour @ 0..24, minute @ 0..60) => Ok(hour * 60 + minute),
        _ => Err(BadHours),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_wrap_around_and_days_do_not() {
        let quiet = |hours: &str| Quiet { hours: Some(hours.into()), ..Quiet::default() };
        let night = quiet("21:00-08:00");
        for (minute, may) in [(0, false), (479, false), (480, true), (1259, true), (1260, false)] {
            assert_eq!(night.admits(minute).is_ok(), may, "{minute}");
        }
        let noon = quiet("12:00-13:30");
        for (minute, may) in [(0, true), (719, true), (720, false), (809, false), (810, true)] {
            assert_eq!(noon.admits(minute).is_ok(), may, "{minute}");
        }
        assert!(Quiet::default().admits(0).is_ok());
        let fault = night.admits(0).expect_err("night");
        assert!(fault.code == Code::Forbidden && fault.message.contains("21:00-08:00"), "{fault}");
    }

    #[test]
    fn hours_written_otherwise_are_refused() {
        for bad in ["", "21-8", "21:00", "24:00-08:00", "21:60-08:00", "9:00-10:00", "ab:cd-ef:gh"]
        {
            let quiet = Quiet { hours: Some(bad.into()), ..Quiet::default() };
            assert_eq!(quiet.span(), Err(BadHours), "{bad}");
        }
    }
}
