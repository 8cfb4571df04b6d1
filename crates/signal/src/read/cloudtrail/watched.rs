//! Which API calls are worth judging.
//!
//! CloudTrail writes down everything, and nearly all of it is daily work. The calls in this table change who may do
//! what, what is seen of it, or who else gets a copy: rare in daily work, and steps of known intrusions. Chosen from
//! the CIS AWS Foundations Benchmark (monitoring section), ATT&CK's cloud matrix and the techniques that cloud attack
//! emulators carry out. Reading calls are left out even where intruders make them, with two exceptions that hand out
//! secrets or the whole of IAM: a single record can't tell an intruder's listing from a dashboard's.
//!
//! The technique is ATT&CK's (version 16 ids), one per call. The severity assumes that nothing else is known.

use crate::Severity;

/// An API call that becomes an alert.
pub(super) struct Watched {
    /// The service, which is `eventSource` without `.amazonaws.com`.
    service: &'static str,
    /// The call, without the API version that Lambda and others append to it.
    call: &'static str,
    /// What its parameters must be like.
    pub(super) when: When,
    /// How bad, by itself.
    pub(super) severity: Severity,
    /// ATT&CK technique id.
    pub(super) technique: &'static str,
    /// What it means, in words.
    pub(super) words: &'static str,
}

/// A condition on the parameters of a call.
#[derive(Clone, Copy)]
pub(super) enum When {
    /// None.
    Always,
    /// They open something to every address (`0.0.0.0/0` or `::/0`).
    OpenToAll,
    /// They have a value at this path or below it.
    Has(&'static str),
}

use Severity::{High, Low, Medium};
use When::{Always, Has, OpenToAll};

const LOGS: &str = "T1562.008";
const TOOLS: &str = "T1562.001";
const FIREWALL: &str = "T1562.007";
const CREDENTIALS: &str = "T1098.001";
const ROLES: &str = "T1098.003";
const TRUST: &str = "T1484.002";
const SHARING: &str = "T1537";

const fn watch(
    service: &'static str,
    call: &'static str,
    when: When,
    severity: Severity,
    technique: &'static str,
    words: &'static str,
) -> Watched {
    Watched { service, call, when, severity, technique, words }
}

/// In order of service and call: the table is searched by bisection.
#[rustfmt::skip] // one call a line, so that it reads as a table
const WATCHED: &[Watched] = &[
    watch("backup", "DeleteBackupVault", Always, High, "T1490", "backup vault deleted"),
    watch("backup", "DeleteRecoveryPoint", Always, High, "T1490", "backup deleted"),
    watch("cloudtrail", "DeleteTrail", Always, High, LOGS, "trail deleted"),
    watch("cloudtrail", "PutEventSelectors", Always, Medium, LOGS, "choice of recorded events changed"),
    watch("cloudtrail", "StopLogging", Always, High, LOGS, "recording of a trail stopped"),
    watch("cloudtrail", "UpdateTrail", Always, Medium, LOGS, "trail changed"),
    watch("config", "DeleteConfigurationRecorder", Always, High, LOGS, "configuration recorder deleted"),
    watch("config", "DeleteDeliveryChannel", Always, High, LOGS, "configuration delivery deleted"),
    watch("config", "StopConfigurationRecorder", Always, High, LOGS, "configuration recorder stopped"),
    watch("ec2", "AuthorizeSecurityGroupIngress", OpenToAll, Medium, FIREWALL, "security group opened to all addresses"),
    watch("ec2", "DeleteFlowLogs", Always, High, LOGS, "flow logs deleted"),
    watch("ec2", "DisableEbsEncryptionByDefault", Always, Medium, "T1578.005", "disk encryption by default disabled"),
    watch("ec2", "EnableSerialConsoleAccess", Always, Medium, "T1578.005", "serial console access enabled"),
    watch("ec2", "GetPasswordData", Always, Medium, "T1552", "administrator password of an instance read"),
    watch("ec2", "ModifyImageAttribute", Has("launchPermission.add"), High, SHARING, "machine image shared"),
    watch("ec2", "ModifyInstanceAttribute", Has("userData"), High, "T1578.005", "start-up script of an instance changed"),
    watch("ec2", "ModifySnapshotAttribute", Has("createVolumePermission.add"), High, SHARING, "disk snapshot shared"),
    watch("ec2-instance-connect", "SendSSHPublicKey", Always, Low, "T1098.004", "key for an instance sent"),
    watch("ec2-instance-connect", "SendSerialConsoleSSHPublicKey", Always, Medium, "T1098.004", "key for a serial console sent"),
    watch("guardduty", "DeleteDetector", Always, High, TOOLS, "threat detection deleted"),
    watch("guardduty", "DisassociateFromAdministratorAccount", Always, High, TOOLS, "threat detection detached"),
    watch("guardduty", "UpdateDetector", Always, Medium, TOOLS, "threat detection changed"),
    watch("iam", "AddRoleToInstanceProfile", Always, Low, ROLES, "role given to instances"),
    watch("iam", "AddUserToGroup", Always, Medium, ROLES, "user added to a group"),
    watch("iam", "AttachGroupPolicy", Always, Medium, ROLES, "policy attached to a group"),
    watch("iam", "AttachRolePolicy", Always, Medium, ROLES, "policy attached to a role"),
    watch("iam", "AttachUserPolicy", Always, Medium, ROLES, "policy attached to a user"),
    watch("iam", "CreateAccessKey", Always, Medium, CREDENTIALS, "access key created"),
    watch("iam", "CreateLoginProfile", Always, High, CREDENTIALS, "console password created"),
    watch("iam", "CreateOpenIDConnectProvider", Always, High, TRUST, "identity provider created"),
    watch("iam", "CreatePolicyVersion", Always, Medium, ROLES, "policy changed"),
    watch("iam", "CreateSAMLProvider", Always, High, TRUST, "identity provider created"),
    watch("iam", "CreateUser", Always, Medium, "T1136.003", "user created"),
    watch("iam", "DeactivateMFADevice", Always, High, "T1556.006", "second factor deactivated"),
    watch("iam", "GetAccountAuthorizationDetails", Always, Low, "T1087.004", "all permissions of the account read"),
    watch("iam", "PutGroupPolicy", Always, Medium, ROLES, "policy written into a group"),
    watch("iam", "PutRolePolicy", Always, Medium, ROLES, "policy written into a role"),
    watch("iam", "PutUserPolicy", Always, Medium, ROLES, "policy written into a user"),
    watch("iam", "SetDefaultPolicyVersion", Always, Medium, ROLES, "policy changed"),
    watch("iam", "UpdateAssumeRolePolicy", Always, High, "T1098", "who may take a role changed"),
    watch("iam", "UpdateLoginProfile", Always, Medium, CREDENTIALS, "console password changed"),
    watch("iam", "UpdateSAMLProvider", Always, High, TRUST, "identity provider changed"),
    watch("kms", "DisableKey", Always, High, "T1485", "encryption key disabled"),
    watch("kms", "ScheduleKeyDeletion", Always, High, "T1485", "deletion of an encryption key scheduled"),
    watch("lambda", "AddPermission", Always, Medium, "T1098", "function opened to others"),
    watch("lambda", "CreateFunction", Always, Low, "T1648", "function created"),
    watch("lambda", "UpdateFunctionCode", Always, Medium, "T1648", "code of a function changed"),
    watch("logs", "DeleteLogGroup", Always, Medium, LOGS, "log group deleted"),
    watch("logs", "DeleteLogStream", Always, Medium, LOGS, "log stream deleted"),
    watch("organizations", "LeaveOrganization", Always, High, "T1666", "account taken out of its organization"),
    watch("rds", "DeleteDBCluster", Always, Medium, "T1485", "database deleted"),
    watch("rds", "DeleteDBInstance", Always, Medium, "T1485", "database deleted"),
    watch("rds", "ModifyDBClusterSnapshotAttribute", Has("valuesToAdd"), High, SHARING, "database snapshot shared"),
    watch("rds", "ModifyDBSnapshotAttribute", Has("valuesToAdd"), High, SHARING, "database snapshot shared"),
    watch("rolesanywhere", "CreateTrustAnchor", Always, High, TRUST, "foreign certificate authority trusted"),
    watch("s3", "DeleteAccountPublicAccessBlock", Always, High, "T1530", "block of public access to storage removed"),
    watch("s3", "DeleteBucketPublicAccessBlock", Always, High, "T1530", "block of public access to a bucket removed"),
    watch("s3", "PutBucketAcl", Always, Medium, "T1530", "access list of a bucket changed"),
    watch("s3", "PutBucketLifecycle", Has("LifecycleConfiguration.Rule.Expiration"), Medium, "T1485.001", "contents of a bucket set to expire"),
    watch("s3", "PutBucketPolicy", Always, Medium, SHARING, "policy of a bucket changed"),
    watch("securityhub", "DisableSecurityHub", Always, High, TOOLS, "security findings disabled"),
    watch("ssm", "SendCommand", Always, Medium, "T1651", "command sent to instances"),
    watch("ssm", "StartSession", Always, Low, "T1651", "session on an instance started"),
    watch("sts", "GetFederationToken", Always, Medium, "T1078.004", "token for another identity made"),
];

/// The entry of this service's call, if it is watched.
pub(super) fn find(service: &str, call: &str) -> Option<&'static Watched> {
    let index = WATCHED.binary_search_by(|entry| (entry.service, entry.call).cmp(&(service, call))).ok()?;
    WATCHED.get(index)
}

#[cfg(test)]
mod tests {
    use super::{WATCHED, find};
    use crate::{Alert, Format};

    #[test]
    fn every_entry_is_found_and_names_a_technique() {
        assert!(WATCHED.is_sorted_by(|a, b| (a.service, a.call) < (b.service, b.call)));
        for entry in WATCHED {
            assert_eq!(find(entry.service, entry.call).map(|found| found.words), Some(entry.words));
            let mut alert = Alert::new(Format::CloudTrail, "");
            alert.add_technique(entry.technique);
            assert_eq!(alert.techniques.as_slice(), [entry.technique]);
        }
        assert!(find("iam", "ListUsers").is_none());
        assert!(find("transfer", "CreateUser").is_none());
    }
}
