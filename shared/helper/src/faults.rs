//! Faults on purpose, which only a build with debug assertions knows.

/// Arms this process with what the tests' environment says; see `convosync_adapters::arm_faults`.
#[cfg(debug_assertions)]
pub(crate) fn arm() {
    let said = |name| std::env::var(name).ok();
    let (fault, clock) = (said("CONVOSYNC_TEST_FAULT"), said("CONVOSYNC_TEST_CLOCK"));
    convosync_adapters::arm_faults(fault.as_deref(), clock.as_deref());
}

/// What users install has no such thing.
#[cfg(not(debug_assertions))]
pub(crate) fn arm() {}
