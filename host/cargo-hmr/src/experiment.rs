//! Experiments: several versions of one module at once, each in some of the pages.
//!
//! Pure. A page is known by an id that it keeps; the variant that it gets is computed from the id, the module and the weights, so
//! that it is the same each time and need not be stored. A page may also be assigned manually. A variant is a
//! fixed version, or `newest`, which takes each new build. No page gets a fixed version that failed: its
//! pages get what all the others get.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use serde::Serialize;
use serde_json::{Value, json};

use hmr_protocol::{Hello, Slower, Swap, SwapOutcome, Trap};

use crate::versions::ModuleVersion;

/// How many reports of slower calls are kept for each variant.
const SLOWER_KEPT: usize = 20;

/// The hash value that means each new build.
pub const NEWEST: &str = "newest";

/// The experiments that run, by module.
#[derive(Debug, Clone, Default)]
pub struct Experiments {
    modules: BTreeMap<String, Experiment>,
}

/// Several versions of one module at once.
#[derive(Debug, Clone, Default)]
struct Experiment {
    variants: Vec<Variant>,
    /// Pages that were assigned manually, with the number of the variant.
    assigned: BTreeMap<String, usize>,
}

/// One of an experiment's versions.
#[derive(Debug, Clone)]
pub struct Variant {
    version: Option<Arc<ModuleVersion>>,
    weight: u32,
    refused: bool,
    reports: Reports,
}

/// The reports of pages about a variant.
#[derive(Debug, Clone, Default, Serialize)]
struct Reports {
    /// How many swaps ended in which way.
    swaps: BTreeMap<SwapOutcome, u64>,
    /// How often its code trapped.
    traps: u64,
    /// The latest reports of slower calls.
    slower: Vec<Slower>,
}

/// The sender of a report about a module.
#[derive(Debug, Clone, Copy)]
pub struct ReportSource<'a> {
    /// The page's id.
    pub page: &'a str,
    /// The hash of the version that pages get now which take each new build.
    pub newest: Option<&'a str>,
}

impl Variant {
    /// A variant: a fixed version, or each new build. Pages are divided in proportion to the weights.
    #[must_use]
    pub fn new(version: Option<Arc<ModuleVersion>>, weight: u32) -> Self {
        Self { version, weight, refused: false, reports: Reports::default() }
    }

    /// Its hash, or `newest`.
    #[must_use]
    pub fn hash(&self) -> &str {
        self.version.as_ref().map_or(NEWEST, |version| &version.hash)
    }
}

impl Experiment {
    /// Which variant a page gets.
    fn variant_of(&self, module: &str, page: &str) -> usize {
        if let Some(variant) = self.assigned.get(page) {
            return *variant;
        }
        let total: u64 = self.variants.iter().map(|variant| u64::from(variant.weight)).sum();
        let mut hasher = DefaultHasher::new();
        (module, page).hash(&mut hasher);
        let mut remaining = hasher.finish() % total.max(1);
        let fits = |variant: &Variant| match remaining.checked_sub(u64::from(variant.weight)) {
            Some(rest) => {
                remaining = rest;
                false
            }
            None => true,
        };
        self.variants.iter().position(fits).unwrap_or(0)
    }

    /// The version that a page gets, if it differs from what all other pages get.
    fn version_for(&self, module: &str, page: &str) -> Option<&Arc<ModuleVersion>> {
        let variant = self.variants.get(self.variant_of(module, page))?;
        variant.version.as_ref().filter(|_| !variant.refused)
    }
}

impl Experiments {
    /// Whether an experiment runs on a module.
    #[must_use]
    pub fn runs(&self, module: &str) -> bool {
        self.modules.contains_key(module)
    }

    /// Starts an experiment which replaces the one that runs. Without variants, only ends that.
    pub fn start(&mut self, module: &str, variants: Vec<Variant>) {
        self.modules.remove(module);
        if !variants.is_empty() {
            let experiment = Experiment { variants, assigned: BTreeMap::new() };
            self.modules.insert(module.to_owned(), experiment);
        }
    }

    /// Assigns a fixed version (none: each new build) to a page. If it is not a variant yet, it becomes one that no other page
    /// gets. Without an experiment on the module, all other pages still get each new build.
    pub fn assign(&mut self, module: &str, page: &str, version: Option<Arc<ModuleVersion>>) {
        let experiment = self.modules.entry(module.to_owned()).or_default();
        if experiment.variants.is_empty() {
            experiment.variants.push(Variant::new(None, 1));
        }
        let new = Variant::new(version, 0);
        let known = experiment.variants.iter().position(|variant| variant.hash() == new.hash());
        let variant = known.unwrap_or_else(|| {
            experiment.variants.push(new);
            experiment.variants.len() - 1
        });
        experiment.assigned.insert(page.to_owned(), variant);
    }

    /// Ends experiments on modules that no longer exist.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.modules.retain(|module, _| keep(module));
    }

    /// Refuses a version: no page gets it any more.
    pub fn refuse(&mut self, module: &str, hash: &str) {
        let variants = self.modules.get_mut(module).map(|experiment| &mut experiment.variants);
        for variant in variants.into_iter().flatten().filter(|variant| variant.hash() == hash) {
            variant.refused = true;
        }
    }

    /// The hashes of the fixed variants of a module.
    #[must_use]
    pub fn fixed(&self, module: &str) -> BTreeSet<String> {
        let variants = self.modules.get(module).into_iter().flat_map(|each| &each.variants);
        variants.filter_map(|variant| Some(variant.version.as_ref()?.hash.clone())).collect()
    }

    /// What variants there are, as hashes or `newest`.
    #[must_use]
    pub fn variants(&self, module: &str) -> Vec<String> {
        let variants = self.modules.get(module).into_iter().flat_map(|each| &each.variants);
        variants.map(|variant| variant.hash().to_owned()).collect()
    }

    /// Puts the versions of a page into a greeting that is otherwise the same for all pages.
    pub fn apply_to(&self, hello: &mut Hello, page: &str) {
        for version in &mut hello.modules {
            let experiment = self.modules.get(&version.module);
            let own = experiment.and_then(|each| each.version_for(&version.module, page));
            if let Some(own) = own {
                *version = own.announced(Vec::new());
            }
        }
    }

    /// Whether a page gets the updates of a module that are announced to all. One with a fixed version does not.
    #[must_use]
    pub fn follows(&self, module: &str, page: &str) -> bool {
        self.modules.get(module).is_none_or(|each| each.version_for(module, page).is_none())
    }

    /// The reports of the variant that a page's report is about, which need not be its own: a page's variant can change. It is
    /// the page's own if the version fits, else the fixed one of that version. Other versions count as new builds.
    fn reports(
        &mut self,
        from: ReportSource<'_>,
        module: &str,
        hash: &str,
    ) -> Option<&mut Reports> {
        let experiment = self.modules.get_mut(module)?;
        let own = experiment.variant_of(module, from.page);
        let takes_builds = experiment.variants.get(own)?.version.is_none();
        let fixed = experiment.variants.iter().position(|variant| variant.hash() == hash);
        let variant = match fixed {
            Some(_) if takes_builds && from.newest == Some(hash) => own,
            Some(fixed) => fixed,
            None => Some(own).filter(|_| takes_builds)?,
        };
        experiment.variants.get_mut(variant).map(|variant| &mut variant.reports)
    }

    /// Notes how a swap ended in a page.
    pub fn note_swap(&mut self, from: ReportSource<'_>, swap: &Swap) {
        if let Some(reports) = self.reports(from, &swap.module, &swap.hash) {
            *reports.swaps.entry(swap.outcome).or_default() += 1;
        }
    }

    /// Notes that code trapped in a page.
    pub fn note_trap(&mut self, from: ReportSource<'_>, trap: &Trap) {
        if let Some(reports) = self.reports(from, &trap.module, &trap.hash) {
            reports.traps += 1;
        }
    }

    /// Notes that calls take longer in a page.
    pub fn note_slower(&mut self, from: ReportSource<'_>, slower: &Slower) {
        if let Some(reports) = self.reports(from, &slower.module, &slower.hash) {
            reports.slower.push(slower.clone());
            let surplus = reports.slower.len().saturating_sub(SLOWER_KEPT);
            reports.slower.drain(..surplus);
        }
    }

    /// All experiments, as `GET /@hmr/experiments` returns them; `pages` are the ids of those that are open.
    #[must_use]
    pub fn listed(&self, pages: &BTreeSet<&str>) -> Value {
        let listed = |(module, experiment): (&String, &Experiment)| {
            let variants = experiment.variants.iter().enumerate().map(|(number, variant)| {
                let own = |page: &&&str| experiment.variant_of(module, page) == number;
                json!({
                    "hash": variant.hash(),
                    "weight": variant.weight,
                    "refused": variant.refused,
                    "pages": pages.iter().filter(own).collect::<Vec<_>>(),
                    "reports": variant.reports,
                })
            });
            json!({ "module": module, "variants": variants.collect::<Vec<_>>() })
        };
        json!({ "experiments": self.modules.iter().map(listed).collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(hash: &str) -> Arc<ModuleVersion> {
        ModuleVersion::example("board", hash)
    }

    fn running(variants: &[(&str, u32)]) -> Experiments {
        let mut experiments = Experiments::default();
        let variants = variants
            .iter()
            .map(|(hash, weight)| Variant::new((*hash != NEWEST).then(|| version(hash)), *weight));
        experiments.start("board", variants.collect());
        experiments
    }

    /// The version of `board` that a page gets, when all others get `now`.
    fn given(experiments: &Experiments, page: &str) -> String {
        let mut hello = Hello {
            server: String::new(),
            sequence: 0,
            reloaded: 0,
            files: 0,
            modules: vec![version("now").announced(Vec::new())],
            failure: None,
        };
        experiments.apply_to(&mut hello, page);
        hello.modules[0].hash.clone()
    }

    #[test]
    fn pages_are_divided_by_weight_and_keep_what_they_got() {
        let experiments = running(&[("a", 3), (NEWEST, 1), ("never", 0)]);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for page in 0..1000 {
            let page = format!("page-{page}");
            let hash = given(&experiments, &page);
            assert_eq!(given(&experiments, &page), hash);
            assert_eq!(experiments.follows("board", &page), hash == "now");
            *counts.entry(hash).or_default() += 1;
        }
        assert_eq!(counts.len(), 2, "{counts:?}");
        assert!((650..850).contains(&counts["a"]), "{counts:?}");
    }

    #[test]
    fn a_page_can_be_assigned_manually_with_and_without_an_experiment() {
        let mut experiments = running(&[("a", 1)]);
        experiments.assign("board", "mine", Some(version("b")));
        assert_eq!(
            (given(&experiments, "mine").as_str(), given(&experiments, "x").as_str()),
            ("b", "a")
        );
        experiments.assign("board", "mine", None);
        assert_eq!(given(&experiments, "mine"), "now");
        let mut experiments = Experiments::default();
        experiments.assign("board", "mine", Some(version("b")));
        assert_eq!(
            (given(&experiments, "mine").as_str(), given(&experiments, "x").as_str()),
            ("b", "now")
        );
    }

    #[test]
    fn no_page_gets_a_variant_that_failed() {
        let mut experiments = running(&[("a", 1)]);
        experiments.refuse("board", "a");
        assert_eq!(given(&experiments, "x"), "now");
        assert!(experiments.follows("board", "x"));
    }

    /// Reports of the pages `x`, which has the variant `a`, and `mine`, which takes each new build. The newest is `b`.
    fn reported(
        report: impl Fn(&mut Experiments, &dyn Fn(&'static str) -> ReportSource<'static>),
    ) -> Value {
        let mut experiments = running(&[("a", 1)]);
        experiments.assign("board", "mine", None);
        report(&mut experiments, &|page| ReportSource { page, newest: Some("b") });
        experiments.listed(&["x", "mine"].into())["experiments"][0]["variants"].take()
    }

    fn swap(hash: &str, outcome: SwapOutcome) -> Swap {
        let (module, hash) = ("board".into(), hash.into());
        Swap { module, hash, outcome, ..Swap::default() }
    }

    #[test]
    fn each_variant_has_its_own_reports() {
        let variants = reported(|experiments, page| {
            experiments.note_swap(page("x"), &swap("a", SwapOutcome::Committed));
            experiments.note_swap(page("mine"), &swap("b", SwapOutcome::Undone));
            let trap = Trap { module: "board".into(), hash: "b".into(), ..Trap::default() };
            experiments.note_trap(page("mine"), &trap);
            let (module, hash) = ("board".into(), "a".into());
            let slower = Slower { module, hash, calls: 7, ..Slower::default() };
            experiments.note_slower(page("x"), &slower);
        });
        assert_eq!(variants[0]["pages"], json!(["x"]));
        assert_eq!(variants[0]["reports"]["swaps"], json!({"committed": 1}));
        assert_eq!(variants[0]["reports"]["slower"][0]["calls"], 7);
        assert_eq!(variants[1]["hash"], NEWEST);
        assert_eq!(variants[1]["reports"]["swaps"], json!({"undone": 1}));
        assert_eq!(variants[1]["reports"]["traps"], 1);
    }

    #[test]
    fn a_report_belongs_to_the_version_that_it_is_about() {
        let variants = reported(|experiments, page| {
            // By its own choice, or because it was another page's until now.
            experiments.note_swap(page("mine"), &swap("a", SwapOutcome::Undone));
            experiments.note_swap(page("mine"), &swap("an earlier build", SwapOutcome::Committed));
            // What runs in it is not of the experiment.
            experiments.note_swap(page("x"), &swap("b", SwapOutcome::RolledBack));
        });
        assert_eq!(variants[0]["reports"]["swaps"], json!({"undone": 1}));
        assert_eq!(variants[1]["reports"]["swaps"], json!({"committed": 1}));
    }

    #[test]
    fn a_new_build_that_is_a_fixed_variant_too_counts_for_the_page_s_own() {
        let mut experiments = running(&[("b", 1)]);
        experiments.assign("board", "mine", None);
        for (page, outcome) in [("x", SwapOutcome::Undone), ("mine", SwapOutcome::Committed)] {
            experiments.note_swap(ReportSource { page, newest: Some("b") }, &swap("b", outcome));
        }
        let listed = experiments.listed(&BTreeSet::new());
        let variants = &listed["experiments"][0]["variants"];
        assert_eq!(variants[0]["reports"]["swaps"], json!({"undone": 1}));
        assert_eq!(variants[1]["reports"]["swaps"], json!({"committed": 1}));
    }

    #[test]
    fn without_variants_it_ends() {
        let mut experiments = running(&[("a", 1)]);
        experiments.start("board", Vec::new());
        assert!(!experiments.runs("board"));
        assert_eq!(given(&experiments, "x"), "now");
    }
}
