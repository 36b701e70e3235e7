//! Tests of mappings whose credential is a file: they need the keys of the sources, so they run where the whole
//! configuration is at hand, at `check` and `mapping test`, and never when a server loads its files.

use std::path::Path;

use crate::config::Loaded;
use crate::decision::{Detail, Trail};
use crate::ground::id::{SourceId, TraceId};
use crate::ground::reason::ReasonCode;
use crate::ground::time::Timestamp;
use crate::mapping::{Mapping, Mappings, RecordedTest, TestReport};
use crate::policy::AskedTarget;

use super::crossing::{Request, door_of};
use super::presented;

/// Runs those of all these mappings. `now` is for those that do not say one.
pub(in crate::cli) fn run(mappings: &Mappings, loaded: &Loaded, now: Timestamp) -> Vec<TestReport> {
    let tests = mappings.iter().flat_map(Mapping::recorded_tests);
    tests.map(|test| run_one(&test, loaded, test.now.unwrap_or(now))).collect()
}

/// They cannot run without a configuration; each says so.
pub(in crate::cli) fn without(mappings: &Mappings, why: &str) -> Vec<TestReport> {
    mappings.iter().flat_map(Mapping::recorded_tests).map(|test| test.unread(why)).collect()
}

fn run_one(test: &RecordedTest<'_>, loaded: &Loaded, now: Timestamp) -> TestReport {
    if Path::new(test.credential()).is_absolute() {
        return test.unread("its path must begin at the folder of the mapping");
    }
    let folder = Path::new(test.mapping().path()).parent().unwrap_or_else(|| Path::new(""));
    let presented = match presented::load(&folder.join(test.credential())) {
        Ok(presented) => presented,
        Err(failure) => return test.unread(&failure.message),
    };
    let Some(client) = loaded.settings.policy.client(&test.client()) else {
        return test.unread(&format!("there is no client `{}`: say one, `client: …`", test.client()));
    };
    let source = test.mapping().source();
    let is_session = loaded.settings.sessions.contains_key(source);
    let request = Request {
        loaded,
        presented: &presented,
        client,
        door: presented.grant.unwrap_or_else(|| door_of(loaded, client, is_session)),
        session: is_session.then(|| source.clone()),
        source: Some(source.clone()),
        mapping: Some(test.mapping()),
        target: AskedTarget { audiences: vec![test.audience().to_string()], resources: Vec::new() },
        scope: None,
        now,
    };
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Explain);
    let identity = request.establish(&mut trail);
    let other = |found: &SourceId| format!("it comes from the source `{found}`, and the mapping reads `{source}`");
    match &identity {
        Ok(identity) if identity.facts().source != *source => test.unread(&other(&identity.facts().source)),
        Ok(identity) => test.judge(Ok(identity.facts()), now, trail.steps().to_vec()),
        Err(code) => test.judge(Err(ReasonCode::clone(code)), now, trail.steps().to_vec()),
    }
}
