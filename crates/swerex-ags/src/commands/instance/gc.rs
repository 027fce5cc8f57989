//! `swerex-ags instance gc`: what killed processes of this machine left behind, by their journals, and what is old, by its metadata. What a
//! process of this machine has that lives is left alone.

use std::{
    collections::BTreeSet,
    io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use ags_api::model::{DescribeSandboxInstanceListRequest, SandboxInstance};
use serde_json::Value;
use swerex_ags_deployment::{journal, journal::Orphan, marks};

use crate::{
    commands::each::{self, Done},
    consent::Consent,
    context::Context,
    listing::{self, age, is_over},
    private::Problem,
    report::{Failure, Outcome},
    span::Span,
    state,
};

pub(super) async fn run(
    older_than: Span,
    owner: Option<&str>,
    consent: Consent,
    context: &Context,
) -> Outcome {
    let cloud = context.cloud().await?;
    let living = read(context, journal::living)?;
    // Taken before the list: an instance that is started meanwhile belongs to a process that lives.
    let scope = cloud.account.journal_scope();
    let orphans = read(context, |directory| journal::orphans(directory, &scope))?;
    let all = cloud
        .client
        .list_all(&DescribeSandboxInstanceListRequest::default())
        .await?;
    let is_orphan = |instance: &SandboxInstance| orphans.iter().any(|one| one.owns(instance));
    let is_old = |instance: &SandboxInstance| {
        marks::is_ours(instance)
            && owner.is_none_or(|owner| marks::owner_of(instance) == Some(owner))
            && !marks::process_of(instance).is_some_and(|process| living.contains(process))
            && age(instance.create_time.as_ref()).is_some_and(|age| age >= older_than.0)
    };
    let ids: Vec<String> = all
        .iter()
        .filter(|instance| !is_over(instance) && (is_orphan(instance) || is_old(instance)))
        .filter_map(|instance| instance.instance_id.clone())
        .collect();
    let is_dry = consent.dry_run;
    let stopped = Mutex::new(BTreeSet::new());
    let outcome = if ids.is_empty() {
        let nothing = || {
            format!(
                "no instance of swerex-ags was left by a process of this machine, or is older than {older_than}"
            )
        };
        context
            .output
            .result(nothing, &Value::Array(Vec::new()))
            .map(|()| 0)
    } else {
        let what = format!("stop {}", listing::counted(ids.len(), "instance"));
        each::destroy(ids, consent, &what, context, async |account, id| {
            account.stop_instance(&id).await?;
            lock(&stopped).insert(id);
            Ok(Done::Now)
        })
        .await
    };
    if !is_dry {
        let stopped = lock(&stopped);
        for orphan in orphans {
            settle(orphan, &all, &stopped, context);
        }
    }
    outcome
}

/// Reads the journals of this machine. Without them age is all there is to go by; those that others can change are refused.
fn read<T: Default>(
    context: &Context,
    read: impl FnOnce(&Path) -> io::Result<T>,
) -> Result<T, Failure> {
    let found = state::journals().and_then(|directory| {
        read(&directory).map_err(|error| Problem::Unusable(directory, error))
    });
    match found {
        Err(problem) if !matches!(problem, Problem::Unsafe(_)) => {
            let what = Failure::from(problem).text();
            context
                .output
                .warn(&format!("{what}; going by the age of instances only"));
            Ok(T::default())
        }
        found => Ok(found?),
    }
}

/// Strikes off what is over. What AGS does not list may be of another account, and stays for a while.
fn settle(orphan: Orphan, all: &[SandboxInstance], stopped: &BTreeSet<String>, context: &Context) {
    let has_ended = |start: &str, id: Option<&str>| {
        all.iter().any(|instance| {
            let is_it = marks::start_of(instance) == Some(start)
                || (id.is_some() && instance.instance_id.as_deref() == id);
            let was_stopped = instance.instance_id.as_ref();
            is_it && (is_over(instance) || was_stopped.is_some_and(|id| stopped.contains(id)))
        })
    };
    if let Err(error) = orphan.settle(has_ended) {
        context
            .output
            .warn(&format!("a journal cannot be brought up to date: {error}"));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
