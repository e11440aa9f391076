//! How far it is: a bar on a terminal, and elsewhere a line now and then.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;

use crate::plugin::output;

/// How often a line is written where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(10);

/// How far it is.
#[derive(Debug)]
pub struct Progress {
    /// Invisible where stderr is no terminal.
    bar: ProgressBar,
    told: Mutex<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        let style = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {pos}/{len} {eta}");
        let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, told: Mutex::new(Instant::now()) }
    }
}

impl Progress {
    /// So many steps of something are to be done next.
    pub fn begin(&self, what: &str, steps: usize) {
        self.bar.set_message(what.to_owned());
        self.bar.set_length(steps.try_into().unwrap_or(u64::MAX));
        self.bar.set_position(0);
    }

    /// One of them is done.
    pub fn step(&self) {
        self.bar.inc(1);
        let mut told = self.told.lock();
        if self.bar.is_hidden() && told.elapsed() >= INTERVAL {
            *told = Instant::now();
            let (at, of) = (self.bar.position(), self.bar.length().unwrap_or_default());
            output::note(&format!("{}: {at} of {of}", self.bar.message()));
        }
    }

    /// That was all.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
