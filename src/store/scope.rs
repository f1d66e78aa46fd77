//! The values without which a tenant's data, or the operator's, cannot be reached.
//!
//! Their fields are private and their makers are few: a session that was looked up, a join link that was looked up, and the
//! keeper's pass, handed out once when the store is opened. A query that needs one of these does not compile without it.

use crate::domain::ids::{OperatorId, TenantId};

/// The right to reach one tenant's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantScope {
    tenant: TenantId,
}

impl TenantScope {
    pub(super) const fn new(tenant: TenantId) -> Self {
        Self { tenant }
    }

    /// Whose data.
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }
}

/// The right of the background work to name any tenant. Not `Clone`: it is handed on by reference.
#[derive(Debug)]
pub struct KeeperPass(());

impl KeeperPass {
    pub(super) const fn new() -> Self {
        Self(())
    }

    /// The keeper works for every tenant in turn.
    pub fn scope(&self, tenant: &TenantId) -> TenantScope {
        TenantScope::new(tenant.clone())
    }
}

/// The right to run the pool: the operator's session, or somebody at the machine's console.
#[derive(Clone, Debug)]
pub struct OperatorPass {
    operator: Option<OperatorId>,
}

impl OperatorPass {
    pub(super) const fn new(operator: OperatorId) -> Self {
        Self { operator: Some(operator) }
    }

    /// Who types a command on the machine itself may do what an operator may.
    pub const fn console(_: &KeeperPass) -> Self {
        Self { operator: None }
    }

    /// Which operator; none: the console.
    pub const fn operator(&self) -> Option<&OperatorId> {
        self.operator.as_ref()
    }

    /// The operator may look after any tenant's seats, quotas and admins.
    pub fn scope(&self, tenant: &TenantId) -> TenantScope {
        TenantScope::new(tenant.clone())
    }
}
