//! The action that shows what the account may use and uses.

use ags_api::model::{
    AccountQuotaOverview, DescribeQuotaOverviewRequest, DescribeQuotaOverviewResponse,
    InstanceStatus, QuotaResourceInfo, ResourceConfiguration,
};

use super::{check, error::ApiError, time};
use crate::{shared::Shared, state::uses_quota};

/// Cores and memory of the account, as the official sample shows them. They are not enforced.
const CORES: f64 = 200.0;
const MEMORY_GIB: f64 = 200.0;

pub(super) fn overview(
    shared: &Shared,
    _: &DescribeQuotaOverviewRequest,
) -> Result<DescribeQuotaOverviewResponse, ApiError> {
    let state = shared.state();
    let quotas = shared.settings.quotas;
    let used = state
        .instances
        .values()
        .filter(|instance| uses_quota(&instance.status));
    let resources: Vec<&ResourceConfiguration> = used
        .filter_map(|instance| instance.custom.as_ref()?.resources.as_ref())
        .collect();
    let cpu: u64 = resources
        .iter()
        .filter_map(|resources| check::cpu_millis(resources.cpu.as_deref()?))
        .sum();
    let memory: u64 = resources
        .iter()
        .filter_map(|resources| check::memory_mebis(resources.memory.as_deref()?))
        .sum();
    let overview = AccountQuotaOverview {
        quota: Some(info(
            quotas.tools,
            quotas.instances,
            quotas.paused_instances,
            CORES,
            MEMORY_GIB,
        )),
        usage: Some(info(
            state.tools.len(),
            state.count(uses_quota),
            state.count(|status| *status == InstanceStatus::PAUSED),
            ratio(cpu, 1000.0),
            ratio(memory, 1024.0),
        )),
        ..AccountQuotaOverview::default()
    };
    Ok(DescribeQuotaOverviewResponse {
        account_quota_overview: Some(overview),
        quota_group_set: Some(Vec::new()),
        total_count: Some(0),
        data_time: Some(time::shown(shared.clock.now())),
        ..DescribeQuotaOverviewResponse::default()
    })
}

fn info(
    tools: usize,
    instances: usize,
    paused: usize,
    cores: f64,
    memory: f64,
) -> QuotaResourceInfo {
    QuotaResourceInfo {
        sandbox_tools: i64::try_from(tools).ok(),
        sandbox_instances: i64::try_from(instances).ok(),
        paused_instances: i64::try_from(paused).ok(),
        cpu_cores: Some(cores),
        memory_gib: Some(memory),
        ..QuotaResourceInfo::default()
    }
}

fn ratio(of: u64, to: f64) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX)) / to
}
