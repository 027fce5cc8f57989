// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! One method per action.

use crate::{answer::Answer, client::Client, error::Error, model::*};

impl Client {
    /// Issues a token for a deployment's endpoint.
    ///
    /// It may be repeated: a repeat issues one more token. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn acquire_deployment_token(
        &self,
        request: &AcquireDeploymentTokenRequest,
    ) -> Result<Answer<AcquireDeploymentTokenResponse>, Error> {
        self.call(request).await
    }

    /// Issues a token for the data-plane gateway of one instance.
    ///
    /// It may be repeated: a repeat issues one more token. Limit: 100 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `FailedOperation`, `InternalError`, `InvalidParameterValue`,
    /// `UnauthorizedOperation`, `UnsupportedOperation`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814/132406>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn acquire_sandbox_instance_token(
        &self,
        request: &AcquireSandboxInstanceTokenRequest,
    ) -> Result<Answer<AcquireSandboxInstanceTokenResponse>, Error> {
        self.call(request).await
    }

    /// Appends an event to a session.
    ///
    /// It is not repeated after an unknown outcome: without an event id a repeat appends twice. Limit: not
    /// documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn append_event(
        &self,
        request: &AppendEventRequest,
    ) -> Result<Answer<AppendEventResponse>, Error> {
        self.call(request).await
    }

    /// Approves a version.
    ///
    /// It is not repeated after an unknown outcome: it is a step of a process with an audit trail. Limit:
    /// not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn approve_registry_record(
        &self,
        request: &ApproveRegistryRecordRequest,
    ) -> Result<Answer<ApproveRegistryRecordResponse>, Error> {
        self.call(request).await
    }

    /// Withdraws a version.
    ///
    /// It is not repeated after an unknown outcome: it is a step of a process with an audit trail. Limit:
    /// not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn cancel_registry_record(
        &self,
        request: &CancelRegistryRecordRequest,
    ) -> Result<Answer<CancelRegistryRecordResponse>, Error> {
        self.call(request).await
    }

    /// Creates a key for the E2B-compatible API; the key itself is shown only in this answer.
    ///
    /// It is not repeated after an unknown outcome: a repeat makes a second key. Limit: 20 calls a second
    /// ([rate limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `FailedOperation`, `InternalError`, `InvalidParameterValue`,
    /// `LimitExceeded.APIKeyQuota`, `UnsupportedOperation`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn create_api_key(
        &self,
        request: &CreateAPIKeyRequest,
    ) -> Result<Answer<CreateAPIKeyResponse>, Error> {
        self.call(request).await
    }

    /// Creates a deployment.
    ///
    /// It is not repeated after an unknown outcome: no member tells a repeat from a second request. Limit:
    /// not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn create_deployment(
        &self,
        request: &CreateDeploymentRequest,
    ) -> Result<Answer<CreateDeploymentResponse>, Error> {
        self.call(request).await
    }

    /// Asks the service to pull an image before the first start needs it.
    ///
    /// It may be repeated: a repeat names the same image. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `InternalError`, `MissingParameter`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn create_pre_cache_image_task(
        &self,
        request: &CreatePreCacheImageTaskRequest,
    ) -> Result<Answer<CreatePreCacheImageTaskResponse>, Error> {
        self.call(request).await
    }

    /// Creates a registry.
    ///
    /// It is not repeated after an unknown outcome: no member tells a repeat from a second request. Limit:
    /// not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn create_registry(
        &self,
        request: &CreateRegistryRequest,
    ) -> Result<Answer<CreateRegistryResponse>, Error> {
        self.call(request).await
    }

    /// Creates a record in a registry.
    ///
    /// It is not repeated after an unknown outcome: no member tells a repeat from a second request. Limit:
    /// not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn create_registry_record(
        &self,
        request: &CreateRegistryRecordRequest,
    ) -> Result<Answer<CreateRegistryRecordResponse>, Error> {
        self.call(request).await
    }

    /// Takes a snapshot of an instance.
    ///
    /// It may be repeated with the same `ClientToken`: a repeat with the same `ClientToken` gives the same
    /// snapshot. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn create_sandbox_snapshot(
        &self,
        request: &CreateSandboxSnapshotRequest,
    ) -> Result<Answer<CreateSandboxSnapshotResponse>, Error> {
        self.call(request).await
    }

    /// Creates a tool, the template that instances are started from. It answers at once; the tool starts
    /// instances when its status is `ACTIVE`.
    ///
    /// It may be repeated with the same `ClientToken`: a repeat with the same `ClientToken` gives the same
    /// tool. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `AuthFailure`, `AuthFailure.UnauthorizedOperation`,
    /// `FailedOperation.DependencyUnavailable`, `FailedOperation.DuplicateRequest`,
    /// `FailedOperation.RequestInProgress`, `InternalError`, `InternalError.NetworkSetupFailed`,
    /// `InternalError.Unknown`, `InternalError.VPCServiceUnavailable`, `InvalidParameterValue.RoleArn`,
    /// `InvalidParameterValue.SandboxTool`, `InvalidParameterValue.SecurityGroupId`,
    /// `InvalidParameterValue.StorageMount`, `InvalidParameterValue.SubnetId`,
    /// `InvalidParameterValue.Timeout`, `InvalidParameterValue.ToolType`, `MissingParameter`,
    /// `MissingParameter.RoleArn`, `MissingParameter.VPCParameters`, `ResourceNotFound`,
    /// `ResourceNotFound.SecurityGroup`, `ResourceNotFound.StorageMount`, `ResourceNotFound.Subnet`,
    /// `ResourceUnavailable`, `UnsupportedOperation`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814/124812>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn create_sandbox_tool(
        &self,
        request: &CreateSandboxToolRequest,
    ) -> Result<Answer<CreateSandboxToolResponse>, Error> {
        self.call(request).await
    }

    /// Creates an agent session.
    ///
    /// It is not repeated after an unknown outcome: without a session id a repeat makes a second session.
    /// Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn create_session(
        &self,
        request: &CreateSessionRequest,
    ) -> Result<Answer<CreateSessionResponse>, Error> {
        self.call(request).await
    }

    /// Creates a session space.
    ///
    /// It is not repeated after an unknown outcome: no member tells a repeat from a second request. Limit:
    /// not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn create_session_space(
        &self,
        request: &CreateSessionSpaceRequest,
    ) -> Result<Answer<CreateSessionSpaceResponse>, Error> {
        self.call(request).await
    }

    /// Deletes a key.
    ///
    /// It may be repeated: a repeat finds it gone. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn delete_api_key(
        &self,
        request: &DeleteAPIKeyRequest,
    ) -> Result<Answer<DeleteAPIKeyResponse>, Error> {
        self.call(request).await
    }

    /// Deletes a deployment.
    ///
    /// It may be repeated: a repeat finds it gone. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn delete_deployment(
        &self,
        request: &DeleteDeploymentRequest,
    ) -> Result<Answer<DeleteDeploymentResponse>, Error> {
        self.call(request).await
    }

    /// Drops an image from the cache; by id, or by image, digest and registry type.
    ///
    /// It may be repeated: a repeat finds the image gone. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn delete_pre_cache_image(
        &self,
        request: &DeletePreCacheImageRequest,
    ) -> Result<Answer<DeletePreCacheImageResponse>, Error> {
        self.call(request).await
    }

    /// Deletes a registry.
    ///
    /// It may be repeated: a repeat finds it gone. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn delete_registry(
        &self,
        request: &DeleteRegistryRequest,
    ) -> Result<Answer<DeleteRegistryResponse>, Error> {
        self.call(request).await
    }

    /// Deletes a record or one version of it.
    ///
    /// It may be repeated: a repeat finds it gone. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn delete_registry_record(
        &self,
        request: &DeleteRegistryRecordRequest,
    ) -> Result<Answer<DeleteRegistryRecordResponse>, Error> {
        self.call(request).await
    }

    /// Deletes a snapshot.
    ///
    /// It may be repeated: a repeat finds it gone. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn delete_sandbox_snapshot(
        &self,
        request: &DeleteSandboxSnapshotRequest,
    ) -> Result<Answer<DeleteSandboxSnapshotResponse>, Error> {
        self.call(request).await
    }

    /// Deletes a tool. It is refused with `ResourceInUse.SandboxTool` while instances of it live.
    ///
    /// It may be repeated: a repeat finds the tool gone. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `InternalError`, `ResourceInUse.SandboxTool`, `ResourceNotFound.SandboxTool`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn delete_sandbox_tool(
        &self,
        request: &DeleteSandboxToolRequest,
    ) -> Result<Answer<DeleteSandboxToolResponse>, Error> {
        self.call(request).await
    }

    /// Deletes a session.
    ///
    /// It may be repeated: a repeat finds it gone. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn delete_session(
        &self,
        request: &DeleteSessionRequest,
    ) -> Result<Answer<DeleteSessionResponse>, Error> {
        self.call(request).await
    }

    /// Deletes a session space.
    ///
    /// It may be repeated: a repeat finds it gone. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn delete_session_space(
        &self,
        request: &DeleteSessionSpaceRequest,
    ) -> Result<Answer<DeleteSessionSpaceResponse>, Error> {
        self.call(request).await
    }

    /// Lists the keys, each masked.
    ///
    /// It may be repeated: it only reads. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_api_key_list(
        &self,
        request: &DescribeAPIKeyListRequest,
    ) -> Result<Answer<DescribeAPIKeyListResponse>, Error> {
        self.call(request).await
    }

    /// Describes one deployment.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_deployment(
        &self,
        request: &DescribeDeploymentRequest,
    ) -> Result<Answer<DescribeDeploymentResponse>, Error> {
        self.call(request).await
    }

    /// Lists deployments.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_deployment_list(
        &self,
        request: &DescribeDeploymentListRequest,
    ) -> Result<Answer<DescribeDeploymentListResponse>, Error> {
        self.call(request).await
    }

    /// Lists the events of a session.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_events(
        &self,
        request: &DescribeEventsRequest,
    ) -> Result<Answer<DescribeEventsResponse>, Error> {
        self.call(request).await
    }

    /// Lists cached images, a page at a time by token.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_pre_cache_image_list(
        &self,
        request: &DescribePreCacheImageListRequest,
    ) -> Result<Answer<DescribePreCacheImageListResponse>, Error> {
        self.call(request).await
    }

    /// Tells how far a pre-cache task is; by id, or by image, digest and registry type.
    ///
    /// It may be repeated: it only reads. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_pre_cache_image_task(
        &self,
        request: &DescribePreCacheImageTaskRequest,
    ) -> Result<Answer<DescribePreCacheImageTaskResponse>, Error> {
        self.call(request).await
    }

    /// Tells what the account may use and what it uses, in total and by tag group.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_quota_overview(
        &self,
        request: &DescribeQuotaOverviewRequest,
    ) -> Result<Answer<DescribeQuotaOverviewResponse>, Error> {
        self.call(request).await
    }

    /// Describes one registry.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_registry(
        &self,
        request: &DescribeRegistryRequest,
    ) -> Result<Answer<DescribeRegistryResponse>, Error> {
        self.call(request).await
    }

    /// Lists who did what in a registry.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_registry_audit_log_list(
        &self,
        request: &DescribeRegistryAuditLogListRequest,
    ) -> Result<Answer<DescribeRegistryAuditLogListResponse>, Error> {
        self.call(request).await
    }

    /// Lists registries.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_registry_list(
        &self,
        request: &DescribeRegistryListRequest,
    ) -> Result<Answer<DescribeRegistryListResponse>, Error> {
        self.call(request).await
    }

    /// Describes one record.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_registry_record(
        &self,
        request: &DescribeRegistryRecordRequest,
    ) -> Result<Answer<DescribeRegistryRecordResponse>, Error> {
        self.call(request).await
    }

    /// Lists the records of a registry.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_registry_record_list(
        &self,
        request: &DescribeRegistryRecordListRequest,
    ) -> Result<Answer<DescribeRegistryRecordListResponse>, Error> {
        self.call(request).await
    }

    /// Lists the versions of a record.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_registry_record_version_list(
        &self,
        request: &DescribeRegistryRecordVersionListRequest,
    ) -> Result<Answer<DescribeRegistryRecordVersionListResponse>, Error> {
        self.call(request).await
    }

    /// Lists instances, by id, tool or filter, or all of them a page at a time, stopped ones included for
    /// some hours. Without a page size it returns 20.
    ///
    /// It may be repeated: it only reads. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `InternalError`, `InternalError.Unknown`, `InvalidParameterValue.InstanceIds`,
    /// `InvalidParameterValue.OffsetTooLarge`, `MissingParameter`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_sandbox_instance_list(
        &self,
        request: &DescribeSandboxInstanceListRequest,
    ) -> Result<Answer<DescribeSandboxInstanceListResponse>, Error> {
        self.call(request).await
    }

    /// Describes up to 100 instances by id.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_sandbox_instances(
        &self,
        request: &DescribeSandboxInstancesRequest,
    ) -> Result<Answer<DescribeSandboxInstancesResponse>, Error> {
        self.call(request).await
    }

    /// Lists snapshots.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_sandbox_snapshot_list(
        &self,
        request: &DescribeSandboxSnapshotListRequest,
    ) -> Result<Answer<DescribeSandboxSnapshotListResponse>, Error> {
        self.call(request).await
    }

    /// Lists tools, by id, by filter, or all of them a page at a time.
    ///
    /// It may be repeated: it only reads. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_sandbox_tool_list(
        &self,
        request: &DescribeSandboxToolListRequest,
    ) -> Result<Answer<DescribeSandboxToolListResponse>, Error> {
        self.call(request).await
    }

    /// Describes one session.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_session(
        &self,
        request: &DescribeSessionRequest,
    ) -> Result<Answer<DescribeSessionResponse>, Error> {
        self.call(request).await
    }

    /// Describes one session space.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_session_space(
        &self,
        request: &DescribeSessionSpaceRequest,
    ) -> Result<Answer<DescribeSessionSpaceResponse>, Error> {
        self.call(request).await
    }

    /// Lists session spaces.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_session_spaces(
        &self,
        request: &DescribeSessionSpacesRequest,
    ) -> Result<Answer<DescribeSessionSpacesResponse>, Error> {
        self.call(request).await
    }

    /// Lists sessions of a space.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn describe_sessions(
        &self,
        request: &DescribeSessionsRequest,
    ) -> Result<Answer<DescribeSessionsResponse>, Error> {
        self.call(request).await
    }

    /// Issues a link to download a skill package from.
    ///
    /// It may be repeated: a repeat issues one more link. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn get_skill_package_download_url(
        &self,
        request: &GetSkillPackageDownloadURLRequest,
    ) -> Result<Answer<GetSkillPackageDownloadURLResponse>, Error> {
        self.call(request).await
    }

    /// Issues a link to upload a skill package to.
    ///
    /// It may be repeated: a repeat issues one more link. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn get_skill_package_upload_url(
        &self,
        request: &GetSkillPackageUploadURLRequest,
    ) -> Result<Answer<GetSkillPackageUploadURLResponse>, Error> {
        self.call(request).await
    }

    /// Changes a deployment's scaling, lifecycle or tags.
    ///
    /// It may be repeated: a repeat writes the same values. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn modify_deployment(
        &self,
        request: &ModifyDeploymentRequest,
    ) -> Result<Answer<ModifyDeploymentResponse>, Error> {
        self.call(request).await
    }

    /// Changes a session's title or metadata.
    ///
    /// It may be repeated: a repeat writes the same values. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn modify_session(
        &self,
        request: &ModifySessionRequest,
    ) -> Result<Answer<ModifySessionResponse>, Error> {
        self.call(request).await
    }

    /// Changes a session space's name or description.
    ///
    /// It may be repeated: a repeat writes the same values. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn modify_session_space(
        &self,
        request: &ModifySessionSpaceRequest,
    ) -> Result<Answer<ModifySessionSpaceResponse>, Error> {
        self.call(request).await
    }

    /// Pauses a running instance, with its memory kept on request. Paused instances have a quota of their
    /// own.
    ///
    /// It may be repeated: a repeat asks for the same state. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `InternalError`, `MissingParameter`, `ResourceNotFound.SandboxInstance`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814/132323>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn pause_sandbox_instance(
        &self,
        request: &PauseSandboxInstanceRequest,
    ) -> Result<Answer<PauseSandboxInstanceResponse>, Error> {
        self.call(request).await
    }

    /// Shows what a record would deliver.
    ///
    /// It may be repeated: it only reads. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn preview_registry_record(
        &self,
        request: &PreviewRegistryRecordRequest,
    ) -> Result<Answer<PreviewRegistryRecordResponse>, Error> {
        self.call(request).await
    }

    /// Rejects a version.
    ///
    /// It is not repeated after an unknown outcome: it is a step of a process with an audit trail. Limit:
    /// not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn reject_registry_record(
        &self,
        request: &RejectRegistryRecordRequest,
    ) -> Result<Answer<RejectRegistryRecordResponse>, Error> {
        self.call(request).await
    }

    /// Resumes a paused instance and starts its lifetime anew.
    ///
    /// It may be repeated: a repeat asks for the same state. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `InternalError`, `MissingParameter`, `ResourceNotFound.SandboxInstance`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814/132323>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn resume_sandbox_instance(
        &self,
        request: &ResumeSandboxInstanceRequest,
    ) -> Result<Answer<ResumeSandboxInstanceResponse>, Error> {
        self.call(request).await
    }

    /// Starts an instance of a tool. The answer may come before the instance is `RUNNING`; only then are
    /// tokens and ports of use.
    ///
    /// It may be repeated with the same `ClientToken`: a repeat with the same `ClientToken` gives the same
    /// instance, even one that was stopped since. Limit: 100 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `AuthFailure`, `AuthFailure.UnauthorizedOperation`,
    /// `FailedOperation.DependencyUnavailable`, `FailedOperation.DuplicateRequest`,
    /// `FailedOperation.RequestInProgress`, `FailedOperation.StorageMount`, `InternalError`,
    /// `InternalError.Unknown`, `InvalidParameterValue.MountOption`, `InvalidParameterValue.StorageMount`,
    /// `InvalidParameterValue.Timeout`, `LimitExceeded.SandboxInstance`, `MissingParameter`,
    /// `MissingParameter.RoleArn`, `ResourceInUse`, `ResourceNotFound`, `ResourceNotFound.SandboxTool`,
    /// `ResourceNotFound.StorageMount`, `ResourceUnavailable`, `ResourceUnavailable.SandboxTool`,
    /// `UnsupportedOperation`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814/132337>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn start_sandbox_instance(
        &self,
        request: &StartSandboxInstanceRequest,
    ) -> Result<Answer<StartSandboxInstanceResponse>, Error> {
        self.call(request).await
    }

    /// Stops an instance for good. The answer comes at once; `STOPPING` may last for minutes and counts
    /// against the quota.
    ///
    /// It may be repeated: a repeat finds the instance stopping or gone. Limit: 100 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `InternalError`, `MissingParameter`, `ResourceNotFound.SandboxInstance`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn stop_sandbox_instance(
        &self,
        request: &StopSandboxInstanceRequest,
    ) -> Result<Answer<StopSandboxInstanceResponse>, Error> {
        self.call(request).await
    }

    /// Fetches a record's source again; this may make a version.
    ///
    /// It is not repeated after an unknown outcome: a repeat may make a second version. Limit: not
    /// documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn sync_registry_record(
        &self,
        request: &SyncRegistryRecordRequest,
    ) -> Result<Answer<SyncRegistryRecordResponse>, Error> {
        self.call(request).await
    }

    /// Changes a registry's description.
    ///
    /// It may be repeated: a repeat writes the same values. Limit: not documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn update_registry(
        &self,
        request: &UpdateRegistryRequest,
    ) -> Result<Answer<UpdateRegistryResponse>, Error> {
        self.call(request).await
    }

    /// Changes a record; this may make a version.
    ///
    /// It is not repeated after an unknown outcome: a repeat may make a second version. Limit: not
    /// documented.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn update_registry_record(
        &self,
        request: &UpdateRegistryRecordRequest,
    ) -> Result<Answer<UpdateRegistryRecordResponse>, Error> {
        self.call(request).await
    }

    /// Restarts the countdown of a running instance from now, or replaces its metadata. Refused unless it
    /// is `RUNNING`.
    ///
    /// It may be repeated: a repeat writes the same values. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `FailedOperation.DependencyUnavailable`, `FailedOperation.RequestInProgress`,
    /// `InternalError`, `InternalError.Unknown`, `InvalidParameterValue.Timeout`, `MissingParameter`,
    /// `ResourceNotFound`, `ResourceNotFound.SandboxInstance`, `ResourceUnavailable`,
    /// `UnsupportedOperation.SandboxInstance`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn update_sandbox_instance(
        &self,
        request: &UpdateSandboxInstanceRequest,
    ) -> Result<Answer<UpdateSandboxInstanceResponse>, Error> {
        self.call(request).await
    }

    /// Changes a tool's description, network, tags or configuration. Whether instances that already run
    /// notice is not known.
    ///
    /// It may be repeated: a repeat writes the same values. Limit: 20 calls a second ([rate
    /// limits](https://cloud.tencent.com/document/product/1814/124833)).
    ///
    /// Documented errors: `AuthFailure.UnauthorizedOperation`, `FailedOperation.DependencyUnavailable`,
    /// `InternalError`, `InternalError.Unknown`, `MissingParameter`, `ResourceNotFound`,
    /// `ResourceNotFound.SandboxTool`, `ResourceUnavailable`.
    ///
    /// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn update_sandbox_tool(
        &self,
        request: &UpdateSandboxToolRequest,
    ) -> Result<Answer<UpdateSandboxToolResponse>, Error> {
        self.call(request).await
    }
}
