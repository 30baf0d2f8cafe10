//! Tag groups that are made equal to lists.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use pleo::{
    bytes::Bytes,
    http::{Method, Request, Response, StatusCode},
    tag_sync::{self, LocalTag, TagChange, TagPlan, TagSyncError},
    tags::types::{TagCreateModel, TagGroupCreateModel, TagModel},
    uuid::Uuid,
};
use pleo_sandbox::{Handler, Reply, Sandbox};
use proptest::{collection::btree_map, option, prelude::*};
use serde_json::{Value, json};

use crate::in_process::{Pleo, runner};

/// Tags by code, each with its name and whether it is archived.
type State = BTreeMap<String, (Option<String>, bool)>;

impl Pleo {
    async fn new_group(&self) -> Uuid {
        let group = TagGroupCreateModel::builder().code("PROJECT").name("Project").archived(false);
        self.client.create_tag_group(group).send().await.unwrap().data.id
    }

    async fn group_of(&self, state: &State) -> Uuid {
        let group = self.new_group().await;
        for (code, (name, archived)) in state {
            let mut tag = TagCreateModel::builder().code(code.as_str()).archived(*archived);
            if let Some(name) = name {
                tag = tag.name(name.as_str());
            }
            self.client.create_tag(group, tag).send().await.unwrap();
        }
        self.take_writes();
        group
    }

    async fn tags(&self, group: Uuid) -> Vec<TagModel> {
        self.client.list_tags(group).include_archived(true).limit(100).items().all(1_000).await.unwrap()
    }

    async fn state(&self, group: Uuid) -> State {
        let tags = self.tags(group).await;
        let state: State =
            tags.iter().map(|tag| (tag.code.clone(), (tag.name.clone(), tag.archived))).collect();
        assert_eq!(state.len(), tags.len(), "a code is there twice");
        state
    }

    async fn plan(&self, group: Uuid, list: impl IntoIterator<Item = LocalTag>) -> TagPlan {
        TagPlan::read(&self.client, group, list).await.unwrap()
    }
}

fn state<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str, bool)>) -> State {
    let tags = tags.into_iter();
    tags.map(|(code, name, archived)| (code.to_owned(), (Some(name.to_owned()), archived))).collect()
}

fn list<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<LocalTag> {
    tags.into_iter().map(|(code, name)| LocalTag::new(code, name)).collect()
}

/// A sandbox whose response another function may replace, given the request and its body.
fn replaced(
    sandbox: Sandbox,
    replace: impl Fn(&Request<Bytes>, &Value, &mut Response<Bytes>) + Send + Sync + 'static,
) -> Arc<dyn Handler> {
    Arc::new(move |request: &Request<Bytes>| -> Reply {
        let mut reply = sandbox.handle(request);
        let body = serde_json::from_slice(request.body()).unwrap_or_default();
        replace(request, &body, &mut reply.response);
        reply
    })
}

/// A sandbox that answers with a status instead of creating the tag with the code `BAD`.
fn refusing(sandbox: Sandbox, status: StatusCode) -> Arc<dyn Handler> {
    Arc::new(move |request: &Request<Bytes>| -> Reply {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        if request.method() == Method::POST && body["code"] == "BAD" {
            return Response::builder().status(status).body(Bytes::new()).unwrap().into();
        }
        sandbox.handle(request)
    })
}

#[test]
fn any_group_becomes_equal_to_any_list_and_a_second_plan_is_empty() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let pleo = Pleo::new();
    let tags = btree_map("[A-F]", (option::weighted(0.8, "[xy]"), any::<bool>()), 0..=6);
    let lists = btree_map("[A-F]", "[xy]", 0..=6);
    let outcome = runner(128).run(&(tags, lists), |(before, wanted)| {
        runtime.block_on(async {
            let group = pleo.group_of(&before).await;
            let list = || wanted.iter().map(|(code, name)| LocalTag::new(code, name));
            let plan = pleo.plan(group, list()).await;
            prop_assert!(pleo.take_writes().is_empty(), "reading a plan writes");
            prop_assert_eq!(&plan, &pleo.plan(group, list().rev()).await);
            let kept: TagPlan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
            prop_assert_eq!(&kept, &plan);
            let changes = plan.changes().len();
            let done = kept.apply(&pleo.client).await.into_result().unwrap();
            prop_assert_eq!(done.len(), changes);
            prop_assert_eq!(pleo.take_writes().len(), changes, "one request that writes for each change");

            let mut expected: State = before;
            for (_, archived) in expected.values_mut() {
                *archived = true;
            }
            expected.extend(wanted.iter().map(|(code, name)| (code.clone(), (Some(name.clone()), false))));
            prop_assert_eq!(pleo.state(group).await, expected.clone());

            let second = pleo.plan(group, list()).await;
            prop_assert!(second.is_empty());
            prop_assert_eq!(second.unchanged(), expected.len());
            prop_assert!(second.apply(&pleo.client).await.into_result().unwrap().is_empty());
            prop_assert!(pleo.take_writes().is_empty());
            Ok(())
        })
    });
    outcome.unwrap();
}

#[tokio::test]
async fn a_group_of_several_pages_is_read_to_its_end() {
    let pleo = Pleo::new();
    let codes: Vec<_> = (0..250).map(|number| format!("P-{number}")).collect();
    let group = pleo.group_of(&state(codes.iter().map(|code| (code.as_str(), "Name", false)))).await;
    let plan = pleo.plan(group, codes.iter().map(|code| LocalTag::new(code, "Name"))).await;
    assert_eq!((plan.changes(), plan.unchanged()), (&[][..], 250));
}

#[tokio::test]
async fn a_plan_can_be_shown_and_kept_and_is_in_a_stable_order() {
    let pleo = Pleo::new();
    let before =
        [("P-1", "Bridge", false), ("P-2", "Hall", true), ("P-3", "Tower", true), ("P-4", "Mill", false)];
    let group = pleo.group_of(&state(before)).await;
    let wanted =
        [("P-9", "Pier\nP-0"), ("P-5", "Dock"), ("P-1", "New bridge"), ("P-2", "Old hall"), ("P-3", "Tower")];
    let plan = pleo.plan(group, list(wanted)).await;
    let shown = "\
create `P-5` \"Dock\"
create `P-9` \"Pier\\nP-0\"
update `P-1` \"Bridge\" -> \"New bridge\"
update `P-2` \"Hall\" -> \"Old hall\", restored
restore `P-3` \"Tower\"
archive `P-4` \"Mill\"
2 to create, 2 to update, 1 to restore, 1 to archive, 0 unchanged";
    assert_eq!(plan.to_string(), shown);
    let debug = format!("{plan:?}");
    assert!(debug.contains("create `P-5`") && !debug.contains("Dock"), "{debug}");
    assert_eq!(format!("{:?}", LocalTag::new("P-5", "Dock")), "LocalTag(`P-5`)");
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["changes"][0], json!({ "change": "create", "code": "P-5", "name": "Dock" }));

    plan.apply(&pleo.client).await.into_result().unwrap();
    let lines: Vec<_> = pleo.take_writes().into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines.iter().filter(|line| line.starts_with("PUT /v0/tags/")).count(), 2);
    assert_eq!(lines[4..], ["POST /v0/tags/archive"; 2]);
}

#[tokio::test]
async fn a_tag_that_is_refused_fails_alone_and_the_next_run_tries_it_again() {
    for status in [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::CONFLICT, StatusCode::INTERNAL_SERVER_ERROR]
    {
        let pleo = Pleo::with_handler(|sandbox| refusing(sandbox, status));
        let group = pleo.group_of(&state([("OLD", "Old", false)])).await;
        let wanted = || list([("A", "a"), ("BAD", "b"), ("C", "c")]);
        let report = pleo.plan(group, wanted()).await.apply(&pleo.client).await;
        assert_eq!((report.done.len(), report.failed.len(), report.not_tried.len()), (3, 1, 0));
        let failed = report.into_result().unwrap_err();
        assert_eq!(failed.to_string(), "1 of 4 changes of tags failed; the first to fail is create `BAD`");
        let cause = std::error::Error::source(&failed).unwrap().to_string();
        assert_eq!(format!("{failed:?}"), format!("{failed}: {cause}"), "`main` shows the cause once");
        assert_eq!(failed.report.failed[0].error.status(), Some(status));

        let next = pleo.plan(group, wanted()).await;
        assert_eq!(next.changes().iter().map(TagChange::code).collect::<Vec<_>>(), ["BAD"]);
        assert_eq!(next.unchanged(), 3);
    }
}

#[tokio::test]
async fn an_error_that_all_changes_would_meet_ends_the_run() {
    for status in [StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS] {
        let pleo = Pleo::with_handler(|sandbox| refusing(sandbox, status));
        let group = pleo.group_of(&state([("OLD", "Old", false)])).await;
        let plan = pleo.plan(group, list([("A", "a"), ("BAD", "b"), ("C", "c")])).await;
        let report = plan.apply(&pleo.client).await;
        assert_eq!(report.done.iter().map(TagChange::code).collect::<Vec<_>>(), ["A"]);
        assert_eq!(report.not_tried.iter().map(TagChange::code).collect::<Vec<_>>(), ["C", "OLD"]);
        assert_eq!(pleo.take_writes().len(), 2);
        let text = report.into_result().unwrap_err().to_string();
        assert_eq!(
            text,
            "1 of 4 changes of tags failed and 2 were not tried; the first to fail is create `BAD`"
        );
    }

    let pleo = Pleo::new();
    let group = pleo.group_of(&State::new()).await;
    let plan = pleo.plan(group, list([("A", "a"), ("B", "b")])).await;
    pleo.sandbox.revoke("FAKE-KEY");
    let report = plan.apply(&pleo.client).await;
    assert_eq!((report.done.len(), report.failed.len(), report.not_tried.len()), (0, 1, 1));
}

#[tokio::test]
async fn what_was_made_without_an_answer_is_not_made_again() {
    let lost = Arc::new(AtomicBool::new(true));
    let losing = Arc::clone(&lost);
    let pleo = Pleo::with_handler(move |sandbox| {
        replaced(sandbox, move |request, body, response| {
            if request.method() == Method::POST && body["code"] == "A" && losing.load(Relaxed) {
                *response.status_mut() = StatusCode::BAD_GATEWAY;
            }
        })
    });
    let group = pleo.group_of(&State::new()).await;
    let wanted = || list([("A", "a"), ("B", "b")]);
    let report = pleo.plan(group, wanted()).await.apply(&pleo.client).await;
    assert_eq!((report.done.len(), report.failed.len()), (1, 1));
    lost.store(false, Relaxed);
    assert!(pleo.plan(group, wanted()).await.is_empty());
}

#[tokio::test]
async fn a_code_that_is_there_twice_is_an_error_before_anything_is_written() {
    let pleo = Pleo::with_handler(|sandbox| {
        replaced(sandbox, |request, _, response| {
            if request.method() == Method::GET && request.uri().path().ends_with("/tags") {
                let text = String::from_utf8(response.body().to_vec()).unwrap();
                *response.body_mut() = text.replace("\"code\":\"B\"", "\"code\":\"A\"").into();
            }
        })
    });
    let group = pleo.group_of(&state([("A", "a", true), ("B", "b", false)])).await;
    let error = TagPlan::read(&pleo.client, group, list([("C", "c")])).await.unwrap_err();
    assert!(matches!(&error, TagSyncError::TwiceInPleo { code } if code == "A"), "{error}");
    assert_eq!(error.to_string(), format!("{error:?}"));

    let twice = list([("C", "c"), ("D", "d"), ("C", "other")]);
    let error = TagPlan::read(&pleo.client, group, twice).await.unwrap_err();
    assert!(matches!(&error, TagSyncError::TwiceInList { code } if code == "C"), "{error}");
    let odd = TagPlan::read(&pleo.client, group, list([("a b", "c"), ("a b", "d")])).await.unwrap_err();
    assert_eq!(odd.to_string(), "the list has two tags with a code of 3 bytes; remove one of them");
    assert!(pleo.take_writes().is_empty());
}

#[tokio::test]
async fn a_tag_that_is_renamed_keeps_its_values_in_the_dimensions_of_its_group() {
    let pleo = Pleo::new();
    let group = pleo.client.list_tag_groups().send().await.unwrap().data[0].id;
    let dimensions = pleo.client.list_tag_group_dimensions(group).send().await.unwrap().into_inner().data;
    for (code, values) in [("BOTH", &["Ada", "Oslo"][..]), ("FIRST", &["Bo"]), ("NONE", &[])] {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        let tag =
            TagCreateModel::builder().code(code).name("Old").archived(false).other_dimension_values(values);
        pleo.client.create_tag(group, tag).send().await.unwrap();
    }
    let tag = TagCreateModel::builder().code("SECOND").name("Old").archived(false);
    let second = pleo.client.create_tag(group, tag).send().await.unwrap().data.id;
    let value = pleo::tags::types::TagDimensionValueCreateModel::builder().value("Rome");
    pleo.client.create_tag_dimension_value(second, dimensions[1].id, value).send().await.unwrap();
    pleo.take_writes();

    let codes = ["BOTH", "FIRST", "NONE", "SECOND"];
    let present = pleo.tags(group).await;
    let wanted = present.iter().filter(|tag| !tag.archived).map(|tag| {
        let is_new = codes.contains(&tag.code.as_str());
        LocalTag::new(&tag.code, if is_new { "New" } else { tag.name.as_deref().unwrap() })
    });
    let plan = pleo.plan(group, wanted.collect::<Vec<_>>()).await;
    assert_eq!(plan.changes().iter().map(TagChange::code).collect::<Vec<_>>(), codes);
    plan.apply(&pleo.client).await.into_result().unwrap();
    let sent: Vec<_> =
        pleo.take_writes().into_iter().map(|(_, body)| body["otherDimensionValues"].clone()).collect();
    assert_eq!(sent, [json!(["Ada", "Oslo"]), json!(["Bo"]), Value::Null, json!(["", "Rome"])]);
    let values =
        pleo.client.list_tag_dimension_values(present.iter().find(|tag| tag.code == "BOTH").unwrap().id);
    let values: Vec<_> =
        values.send().await.unwrap().into_inner().data.into_iter().map(|it| it.value).collect();
    assert_eq!(values, ["Ada", "Oslo"]);
}

#[tokio::test]
async fn a_group_is_found_by_its_code() {
    let pleo = Pleo::new();
    let group = pleo.new_group().await;
    assert_eq!(tag_sync::find_group(&pleo.client, "PROJECT").await.unwrap().id, group);
    let none = tag_sync::find_group(&pleo.client, "SITE").await.unwrap_err();
    assert!(matches!(&none, TagSyncError::NoGroup { code } if code == "SITE"), "{none}");
    pleo.new_group().await;
    let several = tag_sync::find_group(&pleo.client, "PROJECT").await.unwrap_err();
    assert!(matches!(several, TagSyncError::SeveralGroups { .. }), "{several}");
    let unknown = TagPlan::read(&pleo.client, Uuid::nil(), []).await.unwrap_err();
    assert!(matches!(&unknown, TagSyncError::Read(error) if error.status() == Some(StatusCode::NOT_FOUND)));
}

#[tokio::test]
async fn plans_and_reports_may_move_between_threads() {
    fn shared<T: Send + Sync + std::fmt::Debug>(_: &T) {}
    let pleo = Pleo::new();
    let group = pleo.group_of(&State::new()).await;
    let client = pleo.client.clone();
    let run = tokio::spawn(async move {
        let plan = TagPlan::read(&client, group, list([("A", "a")])).await?;
        shared(&plan);
        let report = plan.apply(&client).await;
        shared(&report);
        Ok::<_, TagSyncError>(report.into_result().inspect_err(shared))
    });
    assert_eq!(run.await.unwrap().inspect_err(shared).unwrap().unwrap().len(), 1);
}
