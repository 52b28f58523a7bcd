//! What a front end and the ConvoSync helper say to each other.
//!
//! A front end starts `convosync rpc`, writes one [`Request`] as one line of JSON to its standard
//! input, and reads [`Answer`]s, one line each, until one that is final. Closing standard input
//! early cancels. Keys never cross this border, and of conversations only what [`Verb::Show`] was asked for.

mod answer;
mod decision;
mod doctor;
mod form;
pub mod harmless;
mod here;
mod keys;
mod news;
mod portable;
mod report;
mod request;
mod retention;
mod settings;
mod show;
mod store;
mod terminal;
mod undo;
pub mod unlock;
pub mod zellij;

pub use answer::{Answer, Counted, Failure, Progress, Unit};
pub use decision::{Choice, Decision, Question};
pub use doctor::{Check, DoctorArgs, DoctorReport, ExplainReport, Health};
pub use form::{FormPart, SaveForm};
pub use here::HereReport;
pub use keys::{
    ApproveArgs, ApproveReport, DeviceState, EnrolArgs, EnrolReport, EnrolWaiting, ExportArgs,
    KeyReport, ProtectArgs, ProtectReport, RenameArgs, RenameReport, RevokeArgs, SHOWN_ONCE,
};
pub use news::News;
pub use portable::{ExportFormat, ExportReport, ExportSessionArgs, ImportArgs, ImportReport};
pub use report::{
    AccountReport, ConversationNote, DeviceRow, LogRow, Note, Part, PlanReport,
    PlannedConversation, Reply, ResumeReport, Rows, SavePlan, SaveReport, SessionRow, SessionState,
    StatusReport, SyncReport, SyncedSave, WaitingSave,
};
pub use request::{
    Answers, InitArgs, JoinArgs, ListArgs, OnConflict, OnDirty, OnDiverged, OnLarge, OnLive,
    OnMergeConflict, OnMissing, OnSecrets, PanesInto, Request, ResumeArgs, SaveArgs, SaveMode,
    Secret, Since, SyncArgs, Verb,
};
pub use store::{
    ConsentArgs, ConsentReport, MoveArgs, MoveReport, OriginRow, StoreKind, StoreReport, Visible,
};

pub use retention::{
    Amount, DeleteArgs, GcArgs, GcReport, KeptReport, KeptSession, RetentionState, SessionsArgs,
};
pub use settings::{ConfigArgs, ConfigReport, SettingRow};
pub use show::{
    MessageRange, MessageRow, NoteArgs, NoteReport, SessionNote, ShowArgs, ShowReport, Standing,
    Step, TimelineRow,
};
pub use terminal::{
    CallerEnv, CommandRow, EnvValue, MissingVariable, PanesReport, PanesWay, Variable, WhyMissing,
};
pub use undo::{UndoArgs, UndoReport, UndoRow, UndoState, WaitingResume};

/// The version of this protocol. It moves with every change that an older side can't read.
pub const PROTOCOL: u32 = 1;
