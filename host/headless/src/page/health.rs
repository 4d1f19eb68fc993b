//! Whether a module's code is healthy, and when that is checked.

use hmr_abi::state::HealthReport;
use hmr_abi::text::cut_owned;

use crate::guest::Guest;
use crate::module::Modules;
use crate::module::record::ModuleRecord;
use crate::page::guest_call::{call_held_back, trap};
use crate::report::log::{Log, LogLevel};

/// Counts a call that a module's code got. After the last call that it is watched for, its health is checked once more.
pub(crate) fn count_call(modules: &mut Modules, log: &mut Log, name: &str) {
    let is_last = modules.get_mut(name).is_some_and(ModuleRecord::count_call);
    if !is_last {
        return;
    }
    check_health(modules, log, name);
    if let Some(record) = modules.get_mut(name) {
        record.end_probation();
    }
}

/// Asks running code whether its instances are healthy. If not, it is undone once the page settles; code without a previous
/// version is reported as a problem.
pub(crate) fn check_health(modules: &mut Modules, log: &mut Log, name: &str) {
    let Some((health, effects)) = call_held_back(modules, name, Guest::health) else { return };
    log.write_effects(name, effects);
    let error = match health {
        Ok(report) => match describe(&report) {
            Some(error) => cut_owned(error),
            None => return,
        },
        Err(fault) => return trap(modules, log, name, "the question for its health", &fault),
    };
    log.write(LogLevel::Error, name, format!("it is not well: {error}"));
    let is_watched =
        modules.get_mut(name).is_some_and(|record| record.report_unhealthy(error.clone()));
    if !is_watched {
        log.problem(format!("the module `{name}` is not well: {error}"));
    }
}

/// The unhealthy instances, if there are any.
fn describe(report: &HealthReport) -> Option<String> {
    let unhealthy: Vec<_> = report
        .instances
        .iter()
        .map(|one| format!("the instance {} of `{}`: {}", one.instance, one.component, one.error))
        .collect();
    (!unhealthy.is_empty()).then(|| unhealthy.join("; "))
}
