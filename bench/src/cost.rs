//! What something costs: time of the processor and of the clock.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What one run costs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Processor time of this process, without its children.
    pub(crate) cpu: Duration,
    /// By the clock.
    pub(crate) wall: Duration,
}

/// Runs something and tells what it costs.
pub(crate) fn cost<T>(run: impl FnOnce() -> T) -> (T, Cost) {
    let (before, began) = (cpu(), Instant::now());
    let value = run();
    let wall = began.elapsed();
    (value, Cost { cpu: cpu().saturating_sub(before), wall })
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
}

/// The middle one of several.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The most memory that this process has had so far, in MiB (`VmHWM` of proc(5)).
pub(crate) fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}
