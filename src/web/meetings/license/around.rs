//! What has to be known besides a meeting to tell of its license, and where it comes from.

use crate::app::line::Wait;
use crate::domain::names::ZoneName;
use crate::domain::plan::Problem;
use crate::domain::pool::PoolSettings;
use crate::domain::seat::{Seat, SeatStatus};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::store::meetings::MeetingView;
use crate::store::{pool, seats};
use crate::web::page::WebError;
use crate::web::scope::Staff;
use crate::web::server::Site;

use super::{Case, case};

/// What has to be known besides the meeting itself.
#[derive(Clone, Debug)]
pub(in crate::web) struct Around {
    /// The time.
    pub(in crate::web) now: Instant,
    /// The zone in which times are told.
    pub(in crate::web) zone: ZoneName,
    /// Whether the tenant's short meetings run without a license.
    pub(in crate::web) short_meetings: bool,
    /// Whether the pool gives a license to a meeting that runs without.
    pub(in crate::web) late_attach: bool,
    /// How long it will wait, if it waits.
    pub(in crate::web) wait: Option<Wait>,
    /// Whether Zoom lets its seat host, where that was looked up.
    pub(in crate::web) seat: Option<SeatStatus>,
}

impl Around {
    /// For a page of a user of the tenant; the pool is asked only for what this meeting's words need.
    pub(in crate::web) async fn of(staff: &Staff, site: &Site, view: &MeetingView) -> Result<Self, WebError> {
        let plain = Self::plain(staff, site.app.now());
        let seat = match case(view, &plain) {
            Case::Missing(Problem::Refused) => {
                let id = view.meeting.seat.clone();
                site.app.store.read(move |tx| seats::find(tx, &id)).await?.map(|seat| seat.status)
            }
            _ => None,
        };
        let around = Self { seat, ..plain };
        let case = case(view, &around);
        let late_attach = match case {
            Case::Short | Case::Without | Case::RunsEarly(..) | Case::RunsShort(_) | Case::RunsWithout(_) => {
                site.app.store.read(pool::settings).await?.late_attach
            }
            _ => true,
        };
        let waits = match case {
            Case::InLine | Case::Missing(Problem::NoneFree) | Case::RunsLate(_) => true,
            Case::RunsEarly(..) | Case::RunsWithout(_) => late_attach,
            _ => false,
        };
        let wait =
            if waits { Some(site.app.wait_for_license(&staff.scope(), &staff.user, &view.meeting.id).await?) } else { None };
        Ok(Self { late_attach, wait, ..around })
    }

    /// As far as a list of meetings needs it: nothing but badges is told from it.
    pub(in crate::web) fn plain(staff: &Staff, now: Instant) -> Self {
        let zone = staff.zone().clone();
        Self { now, zone, short_meetings: staff.tenant.short_meetings, late_attach: false, wait: None, seat: None }
    }

    /// For the operator, of a meeting of this tenant on this seat. Times are UTC there.
    pub(in crate::web) fn of_pool(
        settings: &PoolSettings,
        (tenant, seat): (Option<&Tenant>, Option<&Seat>),
        now: Instant,
    ) -> Self {
        Self {
            now,
            zone: ZoneName::utc(),
            short_meetings: tenant.is_some_and(|tenant| tenant.short_meetings),
            late_attach: settings.late_attach,
            wait: None,
            seat: seat.map(|seat| seat.status),
        }
    }
}
