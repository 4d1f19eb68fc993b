//! Snapshots of a module that match what is mounted from it now.

use hmr_abi::state::{InstanceState, Snapshot};

use crate::module::Modules;
use crate::mounts::Mounts;

/// The last good state of a module, of all that is mounted from it now. An instance mounted after the capture is in it
/// without signals.
pub(crate) fn last_good_snapshot(modules: &Modules, mounts: &Mounts, module: &str) -> Snapshot {
    let known = modules.get(module).and_then(|record| record.last_good().cloned());
    complete(mounts, module, known.unwrap_or_default())
}

/// A state of a module, of all that is mounted from it now and of nothing else.
pub(crate) fn complete(mounts: &Mounts, module: &str, snapshot: Snapshot) -> Snapshot {
    let mut known = snapshot.instances;
    let instances = mounts.mounted_of(module).into_iter().filter_map(|instance| {
        let placement = &mounts.get(instance)?.placement;
        let is_known = |state: &InstanceState| {
            state.instance == instance && state.component == placement.component
        };
        if let Some(at) = known.iter().position(is_known) {
            return Some(known.remove(at));
        }
        let request = placement.request(instance).ok()?;
        Some(InstanceState::new(instance, request.component, request.props))
    });
    Snapshot { abi: hmr_abi::ABI_VERSION, instances: instances.collect(), ..Snapshot::default() }
}

/// Notes the props in an earlier state that was restored: where the page has other ones now, it renders the instance again.
pub(crate) fn follow_props(mounts: &mut Mounts, snapshot: &Snapshot) {
    for state in &snapshot.instances {
        if let Some(mount) = mounts.get_mut(state.instance)
            && mount.placement.props.trim() != state.props.get()
        {
            state.props.get().clone_into(&mut mount.placement.props);
        }
    }
}
