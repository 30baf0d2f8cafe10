//! Making a tag group equal to a list.
//!
//! The list says which tags the group offers. A tag that is missing in Pleo is created, one with another name is
//! renamed, an archived one is restored, and one that the list does not have is archived. Nothing is deleted, since
//! expenses may use it.
//!
//! Tags are matched by their code, exactly as it is written: Pleo refuses a second tag with the code of another one
//! of its group, archived ones included. The values that a tag has in further dimensions stay as they are.
//!
//! ```
//! use pleo::{Operations, tag_sync::{self, LocalTag, TagPlan}};
//!
//! # async fn example(client: &Operations) -> Result<(), Box<dyn std::error::Error>> {
//! let projects = tag_sync::find_group(client, "PROJECT").await?;
//! let list = [LocalTag::new("P-100", "Harbour bridge"), LocalTag::new("P-101", "Town hall")];
//! let plan = TagPlan::read(client, projects.id, list).await?;
//! println!("{plan}");
//! plan.apply(client).await.into_result()?;
//! # Ok(())
//! # }
//! ```

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::{
    Error, Operations, TransportErrorKind,
    http::StatusCode,
    identifier,
    tags::types::{BulkTagArchiveModel, TagCreateModel, TagGroupModel, TagModel, TagUpdateModel},
    uuid::Uuid,
};

/// How many tags are read at once.
const PAGE: i32 = 100;

/// A tag that the group has to offer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalTag {
    /// The code in the accounting system, by which it is matched.
    pub code: String,
    /// The name that employees see.
    pub name: String,
}

impl LocalTag {
    /// A tag with this code and name.
    pub fn new(code: impl Into<String>, name: impl Into<String>) -> Self {
        Self { code: code.into(), name: name.into() }
    }
}

/// Shows the code alone.
impl fmt::Debug for LocalTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalTag({})", Code(&self.code))
    }
}

/// The group with this code among those of the client's company that are not archived.
///
/// # Errors
/// [`TagSyncError::NoGroup`] or [`TagSyncError::SeveralGroups`] if there is not exactly one, and
/// [`TagSyncError::Read`].
pub async fn find_group(client: &Operations, code: &str) -> Result<TagGroupModel, TagSyncError> {
    let groups = client.list_tag_groups().send().await?.into_inner().data;
    let mut found = groups.into_iter().filter(|group| group.code == code && !group.archived);
    match (found.next(), found.next()) {
        (Some(group), None) => Ok(group),
        (None, _) => Err(TagSyncError::NoGroup { code: code.to_owned() }),
        (Some(_), Some(_)) => Err(TagSyncError::SeveralGroups { code: code.to_owned() }),
    }
}

/// What has to change for a tag group to equal a list. Nothing has changed yet.
///
/// `Display` shows a line for each change and a last one that counts them. Plans of one state and one list are equal,
/// whatever the order of the list. With `serde` a plan can be kept until somebody has approved it; if the group has
/// changed by then, read it again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagPlan {
    group: Uuid,
    company: Uuid,
    changes: Vec<TagChange>,
    unchanged: usize,
}

impl TagPlan {
    /// Reads all tags of a group and compares them with the list.
    ///
    /// # Errors
    /// [`TagSyncError::Read`] if the group cannot be read, and [`TagSyncError::TwiceInList`] or
    /// [`TagSyncError::TwiceInPleo`] if a code does not say which tag is meant.
    pub async fn read(
        client: &Operations,
        group: Uuid,
        list: impl IntoIterator<Item = LocalTag>,
    ) -> Result<Self, TagSyncError> {
        let mut wanted = BTreeMap::new();
        for LocalTag { code, name } in list {
            match wanted.entry(code) {
                Entry::Vacant(place) => place.insert(name),
                Entry::Occupied(place) => {
                    return Err(TagSyncError::TwiceInList { code: place.key().clone() });
                }
            };
        }
        let company = client.get_tag_group(group).send().await?.into_inner().data.company_id;
        // A tag that is edited meanwhile may come on two pages, so the same one is taken once.
        let call =
            client.list_tags(group).include_archived(true).limit(PAGE).sorting_keys(vec!["id".to_owned()]);
        let mut tags = call.items().unique_by(|tag| tag.id);
        let mut present = BTreeMap::new();
        while let Some(tag) = tags.next().await {
            let tag = tag?;
            match present.entry(tag.code.clone()) {
                Entry::Vacant(place) => place.insert(tag),
                Entry::Occupied(_) => return Err(TagSyncError::TwiceInPleo { code: tag.code }),
            };
        }
        Ok(Self::between(group, company, present, wanted))
    }

    /// Compares tags and names, both by code.
    fn between(
        group: Uuid,
        company: Uuid,
        mut present: BTreeMap<String, TagModel>,
        wanted: BTreeMap<String, String>,
    ) -> Self {
        let all = wanted.len() + present.keys().filter(|code| !wanted.contains_key(*code)).count();
        let mut changes: Vec<_> = wanted
            .into_iter()
            .filter_map(|(code, name)| match present.remove(&code) {
                None => Some(TagChange::Create { code, name }),
                Some(tag) if tag.name.as_deref() != Some(&*name) => Some(TagChange::Update {
                    id: tag.id,
                    code,
                    name,
                    old_name: tag.name,
                    restored: tag.archived,
                }),
                Some(tag) if tag.archived => Some(TagChange::Restore { id: tag.id, code, name }),
                Some(_) => None,
            })
            .collect();
        let superfluous = present.into_iter().filter(|(_, tag)| !tag.archived);
        changes.extend(superfluous.map(|(code, tag)| TagChange::Archive {
            id: tag.id,
            code,
            name: tag.name,
        }));
        changes.sort_by_key(TagChange::kind);
        Self { group, company, unchanged: all - changes.len(), changes }
    }

    /// The changes: first those that create, then those that update, restore and archive, each by code.
    pub fn changes(&self) -> &[TagChange] {
        &self.changes
    }

    /// How many tags stay as they are.
    pub fn unchanged(&self) -> usize {
        self.unchanged
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Makes the changes one after the other, in their order.
    ///
    /// If Pleo refuses one of them, or does not answer it, the next one is tried. After an error that all of them
    /// would meet, the rest is not: the client refuses the request, no connection can be made, or the response is
    /// 401, 403 or 429. If a response did not arrive, read a new plan, which says what is still to do.
    pub async fn apply(self, client: &Operations) -> TagReport {
        let writer = Writer { client, group: self.group, company: self.company };
        let mut report = TagReport::default();
        let mut dimensions = None;
        let mut changes = self.changes.into_iter();
        for change in changes.by_ref() {
            match writer.write(&change, &mut dimensions).await {
                Ok(()) => report.done.push(change),
                Err(error) => {
                    let is_last = concerns_all(&error);
                    report.failed.push(TagFailure { change, error });
                    if is_last {
                        break;
                    }
                }
            }
        }
        report.not_tried = changes.collect();
        report
    }
}

impl fmt::Display for TagPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            writeln!(f, "{change:#}")?;
        }
        for kind in [Kind::Create, Kind::Update, Kind::Restore, Kind::Archive] {
            let count = self.changes.iter().filter(|change| change.kind() == kind).count();
            write!(f, "{count} to {}, ", kind.verb())?;
        }
        write!(f, "{} unchanged", self.unchanged)
    }
}

/// Shows no names.
impl fmt::Debug for TagPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TagPlan")
            .field("group", &self.group)
            .field("changes", &self.changes)
            .field("unchanged", &self.unchanged)
            .finish()
    }
}

/// One change of a tag group.
///
/// `Display` shows verb and code, such as ``create `P-100` ``, and with `{:#}` the names as well.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TagChange {
    /// A tag is created.
    Create {
        /// Its code.
        code: String,
        /// Its name.
        name: String,
    },
    /// A tag is renamed.
    Update {
        /// Its id.
        id: Uuid,
        /// Its code.
        code: String,
        /// Its new name.
        name: String,
        /// The name that it had, if it had one.
        old_name: Option<String>,
        /// Whether it is archived and is restored as well.
        restored: bool,
    },
    /// A tag that is archived is offered again.
    Restore {
        /// Its id.
        id: Uuid,
        /// Its code.
        code: String,
        /// Its name.
        name: String,
    },
    /// A tag is no longer offered.
    Archive {
        /// Its id.
        id: Uuid,
        /// Its code.
        code: String,
        /// Its name, if it has one.
        name: Option<String>,
    },
}

/// The kinds of changes, in the order in which they are made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Create,
    Update,
    Restore,
    Archive,
}

impl Kind {
    fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Restore => "restore",
            Self::Archive => "archive",
        }
    }
}

impl TagChange {
    /// The code of the tag.
    pub fn code(&self) -> &str {
        match self {
            Self::Create { code, .. }
            | Self::Update { code, .. }
            | Self::Restore { code, .. }
            | Self::Archive { code, .. } => code,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Create { .. } => Kind::Create,
            Self::Update { .. } => Kind::Update,
            Self::Restore { .. } => Kind::Restore,
            Self::Archive { .. } => Kind::Archive,
        }
    }
}

impl fmt::Display for TagChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind().verb(), Code(self.code()))?;
        if !f.alternate() {
            return Ok(());
        }
        // The quotes of `Debug` escape characters that would forge a line.
        match self {
            Self::Create { name, .. } | Self::Restore { name, .. } => write!(f, " {name:?}"),
            Self::Update { name, old_name, restored, .. } => {
                let old_name = old_name.as_deref().unwrap_or_default();
                write!(f, " {old_name:?} -> {name:?}{}", if *restored { ", restored" } else { "" })
            }
            Self::Archive { name, .. } => write!(f, " {:?}", name.as_deref().unwrap_or_default()),
        }
    }
}

/// Shows no names.
impl fmt::Debug for TagChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A code as it may be shown.
struct Code<'a>(&'a str);

impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match identifier(self.0) {
            Some(code) => write!(f, "`{code}`"),
            None => write!(f, "a code of {} bytes", self.0.len()),
        }
    }
}

/// Sends changes to one group.
struct Writer<'a> {
    client: &'a Operations,
    group: Uuid,
    company: Uuid,
}

impl Writer<'_> {
    /// Makes a change. The group's dimensions are read when they are first needed.
    async fn write(&self, change: &TagChange, dimensions: &mut Option<Vec<Uuid>>) -> Result<(), Error> {
        match change {
            TagChange::Create { code, name } => {
                let tag = TagCreateModel::builder().code(code.as_str()).name(name.as_str()).archived(false);
                self.client.create_tag(self.group, tag).send().await?;
            }
            TagChange::Update { id, code, name, .. } => {
                let dimensions = match dimensions {
                    Some(dimensions) => dimensions,
                    None => dimensions.insert(self.dimensions().await?),
                };
                let mut tag =
                    TagUpdateModel::builder().code(code.as_str()).name(name.as_str()).archived(false);
                let values = self.values(*id, dimensions).await?;
                if !values.is_empty() {
                    tag = tag.other_dimension_values(values);
                }
                self.client.update_tag(*id, tag).send().await?;
            }
            TagChange::Restore { id, .. } => self.set_archived(*id, false).await?,
            TagChange::Archive { id, .. } => self.set_archived(*id, true).await?,
        }
        Ok(())
    }

    async fn set_archived(&self, id: Uuid, archived: bool) -> Result<(), Error> {
        let tags =
            BulkTagArchiveModel::builder().company_id(self.company).tag_ids(vec![id]).archived(archived);
        self.client.archive_tags(tags).send().await?;
        Ok(())
    }

    /// The dimensions of the group, in the order in which an update takes their values.
    async fn dimensions(&self) -> Result<Vec<Uuid>, Error> {
        let mut dimensions =
            self.client.list_tag_group_dimensions(self.group).send().await?.into_inner().data;
        dimensions.sort_by_key(|dimension| dimension.display_order);
        Ok(dimensions.into_iter().map(|dimension| dimension.id).collect())
    }

    /// The values that an update has to repeat, since it replaces the tag: empty where a tag has none before its
    /// last one.
    async fn values(&self, tag: Uuid, dimensions: &[Uuid]) -> Result<Vec<String>, Error> {
        if dimensions.is_empty() {
            return Ok(Vec::new());
        }
        let present = self.client.list_tag_dimension_values(tag).send().await?.into_inner().data;
        let present: BTreeMap<_, _> =
            present.into_iter().map(|value| (value.dimension_id, value.value)).collect();
        let last = dimensions.iter().rposition(|dimension| present.contains_key(dimension));
        let taken = dimensions.iter().take(last.map_or(0, |last| last + 1));
        Ok(taken.map(|dimension| present.get(dimension).cloned().unwrap_or_default()).collect())
    }
}

/// Whether every change would meet this error.
fn concerns_all(error: &Error) -> bool {
    match error {
        Error::Refused { .. } => true,
        Error::Transport { source, .. } => source.kind() == TransportErrorKind::Connect,
        Error::Api(error) => matches!(
            error.status(),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
        ),
        _ => false,
    }
}

/// What became of a plan.
#[derive(Debug, Default)]
#[must_use = "it says which changes failed"]
#[non_exhaustive]
pub struct TagReport {
    /// The changes that were made.
    pub done: Vec<TagChange>,
    /// The changes that were not, each with the reason.
    pub failed: Vec<TagFailure>,
    /// The changes that were not tried after an error that they would have met as well.
    pub not_tried: Vec<TagChange>,
}

impl TagReport {
    /// The changes that were made, if that is all of them.
    ///
    /// # Errors
    /// [`TagsFailed`], which holds the report, if a change failed.
    pub fn into_result(self) -> Result<Vec<TagChange>, TagsFailed> {
        if self.failed.is_empty() { Ok(self.done) } else { Err(TagsFailed { report: self }) }
    }
}

/// A change that failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct TagFailure {
    /// The change.
    pub change: TagChange,
    /// Why it failed.
    pub error: Error,
}

/// Some changes of a plan failed.
#[non_exhaustive]
pub struct TagsFailed {
    /// What became of each change.
    pub report: TagReport,
}

crate::debug_by_chain!(TagsFailed, TagSyncError);

impl fmt::Display for TagsFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TagReport { done, failed, not_tried } = &self.report;
        let all = done.len() + failed.len() + not_tried.len();
        write!(f, "{} of {all} changes of tags failed", failed.len())?;
        if !not_tried.is_empty() {
            write!(f, " and {} were not tried", not_tried.len())?;
        }
        match failed.first() {
            Some(first) => write!(f, "; the first to fail is {}", first.change),
            None => Ok(()),
        }
    }
}

/// The first failure's error is the source.
impl std::error::Error for TagsFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.report.failed.first().map(|failure| &failure.error as _)
    }
}

/// Why a plan could not be made. Nothing was changed in Pleo.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TagSyncError {
    /// The group or its tags cannot be read.
    #[error(transparent)]
    Read(#[from] Error),
    /// No group of the company has the code.
    #[error("no tag group has the code {}; create it, or check which company the client works for", Code(.code))]
    NoGroup {
        /// The code.
        code: String,
    },
    /// Several groups of the company have the code.
    #[error("several tag groups have the code {}; choose one by its id", Code(.code))]
    SeveralGroups {
        /// The code.
        code: String,
    },
    /// The list has a code twice.
    #[error("the list has two tags with {}; remove one of them", Code(.code))]
    TwiceInList {
        /// The code.
        code: String,
    },
    /// The group has a code twice.
    #[error("the tag group has two tags with {} in Pleo; give one of them another code, or delete it", Code(.code))]
    TwiceInPleo {
        /// The code.
        code: String,
    },
}
