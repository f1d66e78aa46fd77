//! The keeper: one actor for each lane of the background work. It holds no rules.
//!
//! It looks when its bell rings and every few seconds besides, does what there is, and looks again. It takes no input, so a
//! restart, a second process, a lost webhook and a normal day are the same case (design rule 3.2.2).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use futures_util::FutureExt;

use crate::app::bell::Lane;
use crate::app::letters::Turn;
use crate::app::{App, AppError};
use crate::store::heartbeats;

/// How often most lanes look although nobody rang.
const INTERVAL: Duration = Duration::from_secs(2);
/// How often it is asked whether the account should be read again; also the pause after Zoom did not answer.
const ACCOUNT_INTERVAL: Duration = Duration::from_mins(1);
/// How often old rows are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_mins(10);
/// How often a lane that works says so in the database.
const HEARTBEAT: i64 = 30;

/// One lane at work.
struct Keeper {
    app: Arc<App>,
    lane: Lane,
    state: Work,
    last_beat: i64,
    /// What interrupted the last turn, so that the log has it once; none: nothing did.
    problem: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Idle,
    /// At work; a ring meanwhile means looking once more afterwards.
    Busy {
        rung: bool,
    },
}

/// There may be something to do.
#[derive(Message)]
#[rtype(result = "()")]
struct Look;

/// How often a lane looks although nobody rang.
pub const fn interval(lane: Lane) -> Duration {
    match lane {
        Lane::Sweeps => SWEEP_INTERVAL,
        Lane::Account => ACCOUNT_INTERVAL,
        Lane::Inbox | Lane::Licenses | Lane::Rooms | Lane::Letters => INTERVAL,
    }
}

/// Starts every lane in the current actix system and lets the bell wake them.
pub fn start(app: &Arc<App>) {
    for lane in Lane::ALL {
        let keeper = Keeper { app: app.clone(), lane, state: Work::Idle, last_beat: 0, problem: None };
        let address = keeper.start();
        app.bell.on_ring(move |rung| {
            if rung == lane {
                address.do_send(Look);
            }
        });
    }
}

impl Actor for Keeper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.notify(Look);
        ctx.run_interval(interval(self.lane), |_, ctx| ctx.notify(Look));
    }
}

impl Handler<Look> for Keeper {
    type Result = ();

    fn handle(&mut self, _: Look, ctx: &mut Context<Self>) {
        match &mut self.state {
            Work::Busy { rung } => *rung = true,
            Work::Idle => {
                self.state = Work::Busy { rung: false };
                let (app, lane, beat) = (self.app.clone(), self.lane, self.beat_is_due());
                // A task of its own: its panic ends the task, and the lane looks again.
                let task = actix::spawn(async move { work(&app, lane, beat).await });
                let end = async move { task.await.unwrap_or_else(|error| Some(error.to_string())) };
                ctx.spawn(end.into_actor(self).map(|problem, keeper, ctx| {
                    keeper.tell(problem);
                    if keeper.state == (Work::Busy { rung: true }) {
                        ctx.notify(Look);
                    }
                    keeper.state = Work::Idle;
                }));
            }
        }
    }
}

impl Keeper {
    /// Logs what interrupts the work when it begins and when it is over, not at every look in between: Zoom may want no more
    /// calls for the rest of a day.
    fn tell(&mut self, problem: Option<String>) {
        let lane = self.lane.name();
        match &problem {
            _ if problem == self.problem => {}
            Some(problem) => tracing::error!(lane, problem, "the background work was interrupted; it is tried again"),
            None => tracing::info!(lane, "the background work goes on"),
        }
        self.problem = problem;
    }

    fn beat_is_due(&mut self) -> bool {
        let now = self.app.now().seconds();
        let due = now - self.last_beat >= HEARTBEAT;
        if due {
            self.last_beat = now;
        }
        due
    }
}

/// Does what there is in a lane, and says what interrupted it; the lane looks again at the next interval. So it does after a
/// panic, which would else end the lane for as long as the process lives.
async fn work(app: &Arc<App>, lane: Lane, beat: bool) -> Option<String> {
    let turn = AssertUnwindSafe(run(app, lane)).catch_unwind().await;
    let outcome = turn.unwrap_or_else(|_panic| Err(AppError::Defect("a turn of the background work panicked".to_owned())));
    let problem = outcome.err().map(|error| error.to_string());
    if beat {
        let (now, note) = (app.now(), problem.clone().unwrap_or_default());
        let beaten = app.store.write(move |tx| heartbeats::beat(tx, lane.name(), now, &note)).await;
        if let Err(error) = beaten {
            tracing::error!(lane = lane.name(), %error, "a heartbeat could not be written");
        }
    }
    problem
}

/// Runs a lane until there is nothing more to do in it.
pub async fn run(app: &Arc<App>, lane: Lane) -> Result<(), AppError> {
    loop {
        let turn = match lane {
            Lane::Inbox => app.process_event().await?,
            Lane::Licenses => app.reconcile().await?,
            Lane::Rooms => app.run_errand().await?,
            Lane::Letters => app.deliver_one().await?,
            Lane::Account => app.read_account().await?,
            Lane::Sweeps => {
                app.sweep().await?;
                Turn::Idle
            }
        };
        if turn == Turn::Idle {
            return Ok(());
        }
    }
}
