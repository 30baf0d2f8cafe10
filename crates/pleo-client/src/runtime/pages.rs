//! Lists that come in pages, as streams.

use std::{
    collections::HashSet,
    fmt,
    future::poll_fn,
    hash::{BuildHasher as _, Hash, RandomState},
    pin::Pin,
    task::{Context, Poll, ready},
    vec,
};

use futures_core::Stream;

use super::{Error, Operation, ResponseValue};

/// One page of a list. The generated page type implements it.
pub trait ListPage: Send {
    /// What is listed.
    type Item: Send;

    /// Whether entries follow this page.
    fn has_next_page(&self) -> bool;

    /// The cursor of the last entry; the next page is read after it. An empty page has none.
    fn end_cursor(&self) -> Option<&str>;

    /// The entries.
    fn into_items(self) -> Vec<Self::Item>;
}

/// A call of an operation that returns a list in pages. Generated calls implement it; use their methods
/// `pages` and `items`.
// It has no lifetime: where a stream is held over an `await`, the compiler could not prove that a trait with one is
// implemented, and such a future could not be spawned (rust-lang/rust#100013).
pub trait ListCall: Clone + Send + Unpin {
    /// What the operation returns.
    type Page: ListPage;
    /// What sending the call returns.
    type Fetch: Future<Output = Result<ResponseValue<Self::Page>, Error>> + Send + Unpin;

    /// The operation that is called.
    fn operation(&self) -> &'static Operation;

    /// The cursor that the call reads on from, if it was given one.
    fn start(&self) -> Option<&str>;

    /// Whether the call was asked to read backwards.
    fn is_backwards(&self) -> bool;

    /// The same call, reading on from this cursor.
    #[must_use]
    fn read_after(self, cursor: String) -> Self;

    /// Sends the call.
    fn fetch(self) -> Self::Fetch;
}

/// Why a list cannot be read to its end.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PagingError {
    /// The service returned a cursor that it had returned before.
    #[error(
        "the cursor {} came back, so the list would never end; the repeated page is not handed out, and \
         `cursor` says where to continue later",
        shown(.cursor)
    )]
    CursorRepeated {
        /// The cursor.
        cursor: String,
    },
    /// The service says that more entries follow, but returned no cursor to read them after.
    #[error("more entries follow, but the page has no cursor to read them after; try again later")]
    NoCursor,
    /// The list has more pages than the limit that was set.
    #[error("the list has more than {limit} pages, which is the limit; raise it, or continue from `cursor`")]
    TooManyPages {
        /// The limit, in pages.
        limit: usize,
    },
    /// The list has more entries than the limit that was set.
    #[error("the list has more than {limit} entries, which is the limit; raise it, or read them one by one")]
    TooManyItems {
        /// The limit, in entries.
        limit: usize,
    },
    /// The call was given `before`, which reads backwards.
    #[error("pages are read forwards; use `after` instead of `before`")]
    Backwards,
}

crate::debug_by_chain!(PagingError);

/// A cursor as an error shows it. Pleo's are of capital letters, the digits 2 to 7, `=` and `~` (P6).
fn shown(cursor: &str) -> String {
    const LONGEST: usize = 64;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"=~_-".contains(&byte);
    match cursor.bytes().all(is_plain) {
        true if cursor.len() <= LONGEST => format!("{cursor:?}"),
        true => format!("{:?}…", &cursor[..LONGEST]),
        false => format!("of {} bytes", cursor.len()),
    }
}

/// All cursors so far, of which eight bytes each are kept, so that a long list needs hardly more memory than a short one.
/// Their keys are random: two cursors of a list of a million pages have the same one in 1 of 10 million lists.
#[derive(Default)]
struct Cursors {
    keys: HashSet<u64>,
    random: RandomState,
}

impl Cursors {
    /// Whether the cursor has not come before.
    fn insert(&mut self, cursor: &str) -> bool {
        self.keys.insert(self.random.hash_one(cursor))
    }
}

/// The pages of a list, one request each, as a [`Stream`] that ends with the list or with the first error.
///
/// A request is sent when the page is asked for, not before.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<C: ListCall> {
    /// The call, until the list has ended.
    call: Option<C>,
    operation: &'static Operation,
    pending: Option<C::Fetch>,
    /// What the next page is read after.
    cursor: Option<String>,
    seen: Cursors,
    read: usize,
    limit: usize,
    /// How many times the request for the last page was sent.
    attempts: u32,
}

impl<C: ListCall> Pages<C> {
    /// The pages that a call leads to, starting where it does.
    pub fn new(call: C) -> Self {
        let cursor = call.start().map(str::to_owned);
        let mut seen = Cursors::default();
        if let Some(cursor) = &cursor {
            seen.insert(cursor);
        }
        Self {
            operation: call.operation(),
            call: Some(call),
            pending: None,
            seen,
            cursor,
            read: 0,
            limit: usize::MAX,
            attempts: 0,
        }
    }

    /// Ends with [`PagingError::TooManyPages`] if the list has more than this many pages.
    pub fn max_pages(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// The cursor behind the last page that was handed out: a call with `after` this cursor continues there.
    /// Before the first page it is the one that the call was given.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The next page, or `None` at the end of the list.
    pub async fn next(&mut self) -> Option<Result<C::Page, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Takes a page, unless it is one that came before.
    fn accept(&mut self, page: &C::Page) -> Result<(), PagingError> {
        let cursor = page.end_cursor();
        if page.has_next_page() {
            let cursor = cursor.ok_or(PagingError::NoCursor)?;
            if !self.seen.insert(cursor) {
                return Err(PagingError::CursorRepeated { cursor: cursor.to_owned() });
            }
        } else {
            self.call = None;
        }
        if let Some(cursor) = cursor {
            self.cursor = Some(cursor.to_owned());
        }
        self.read += 1;
        Ok(())
    }

    /// The call of the next page, or `None` at the end of the list.
    fn next_call(&self) -> Result<Option<C>, PagingError> {
        let Some(call) = &self.call else { return Ok(None) };
        if call.is_backwards() {
            return Err(PagingError::Backwards);
        }
        if self.read >= self.limit {
            return Err(PagingError::TooManyPages { limit: self.limit });
        }
        Ok(Some(match &self.cursor {
            Some(cursor) => call.clone().read_after(cursor.clone()),
            None => call.clone(),
        }))
    }

    /// Ends the stream with an error.
    fn fail(&mut self, error: Error) -> Poll<Option<Result<C::Page, Error>>> {
        self.call = None;
        Poll::Ready(Some(Err(error)))
    }

    fn paging_error(&self, problem: PagingError) -> Error {
        Error::Paging { operation: self.operation, problem, attempts: self.attempts }
    }
}

impl<C: ListCall> Stream for Pages<C> {
    type Item = Result<C::Page, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.pending.is_none() {
            match self.next_call() {
                Ok(Some(call)) => self.pending = Some(call.fetch()),
                Ok(None) => return Poll::Ready(None),
                Err(problem) => {
                    let error = self.paging_error(problem);
                    return self.fail(error);
                }
            }
        }
        let Some(pending) = &mut self.pending else { return Poll::Ready(None) };
        let fetched = ready!(Pin::new(pending).poll(context));
        self.pending = None;
        match fetched {
            Err(error) => self.fail(error),
            Ok(page) => {
                self.attempts = page.attempts();
                let page = page.into_inner();
                match self.accept(&page) {
                    Ok(()) => Poll::Ready(Some(Ok(page))),
                    Err(problem) => {
                        let error = self.paging_error(problem);
                        self.fail(error)
                    }
                }
            }
        }
    }
}

impl<C: ListCall> fmt::Debug for Pages<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("operation", &self.operation.id)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

/// No entry is pinned.
impl<'a, C: ListCall> Unpin for Items<'a, C> {}

/// Decides whether an entry is handed out.
type Filter<'a, T> = Box<dyn FnMut(&T) -> bool + Send + 'a>;

/// The entries of a list, page by page, as a [`Stream`] that ends with the list or with the first error.
///
/// The next page is requested when the entries of the last are used up.
#[must_use = "a stream does nothing until it is polled"]
pub struct Items<'a, C: ListCall> {
    pages: Pages<C>,
    /// What the page of `waiting` was read after.
    cursor: Option<String>,
    waiting: vec::IntoIter<<C::Page as ListPage>::Item>,
    filters: Vec<Filter<'a, <C::Page as ListPage>::Item>>,
}

impl<'a, C: ListCall> Items<'a, C> {
    /// The entries that a call leads to, starting where it does.
    pub fn new(call: C) -> Self {
        let pages = Pages::new(call);
        Self { cursor: pages.cursor.clone(), pages, waiting: Vec::new().into_iter(), filters: Vec::new() }
    }

    /// Ends with [`PagingError::TooManyPages`] if the list has more than this many pages.
    pub fn max_pages(mut self, limit: usize) -> Self {
        self.pages.limit = limit;
        self
    }

    /// Hands out an entry once, even if it moves to a later page while the list is read.
    ///
    /// Entries are the same if they have the same key, such as their id. All keys are kept in memory.
    pub fn unique_by<K: Eq + Hash + Send + 'a>(
        self,
        key: impl Fn(&<C::Page as ListPage>::Item) -> K + Send + 'a,
    ) -> Self {
        let mut seen = HashSet::new();
        self.only(move |item| seen.insert(key(item)))
    }

    /// Hands out only the entries for which `keep` returns true. The others are read all the same.
    pub fn only(mut self, keep: impl FnMut(&<C::Page as ListPage>::Item) -> bool + Send + 'a) -> Self {
        self.filters.push(Box::new(keep));
        self
    }

    /// What the page of the next entry was read after: a call with `after` this cursor continues with that page.
    /// It misses nothing, and repeats those entries of the page that were handed out.
    pub fn cursor(&self) -> Option<&str> {
        if self.waiting.len() == 0 { self.pages.cursor() } else { self.cursor.as_deref() }
    }

    /// The next entry, or `None` at the end of the list.
    pub async fn next(&mut self) -> Option<Result<<C::Page as ListPage>::Item, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// All entries.
    ///
    /// # Errors
    /// The first one that a request ends with, or [`PagingError::TooManyItems`] if there are more entries than
    /// `limit`. Read the entries one by one with [`next`](Self::next) to keep those before an error.
    pub async fn all(mut self, limit: usize) -> Result<Vec<<C::Page as ListPage>::Item>, Error> {
        let mut all = Vec::new();
        while let Some(item) = self.next().await {
            let item = item?;
            if all.len() == limit {
                return Err(self.pages.paging_error(PagingError::TooManyItems { limit }));
            }
            all.push(item);
        }
        Ok(all)
    }
}

impl<'a, C: ListCall> Stream for Items<'a, C> {
    type Item = Result<<C::Page as ListPage>::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            for item in this.waiting.by_ref() {
                if this.filters.iter_mut().all(|passes| passes(&item)) {
                    return Poll::Ready(Some(Ok(item)));
                }
            }
            // A page that is being fetched is read after the same cursor however often it is polled.
            this.cursor.clone_from(&this.pages.cursor);
            match ready!(Pin::new(&mut this.pages).poll_next(context)) {
                Some(Ok(page)) => this.waiting = page.into_items().into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<'a, C: ListCall> fmt::Debug for Items<'a, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::runtime::{BoxFuture, request::tests::OPERATION};

    /// A service that returns these pages in turn, and what it was asked to read after.
    #[derive(Clone, Default)]
    struct Service {
        pages: Arc<Mutex<Vec<Answer>>>,
        asked: Arc<Mutex<Vec<Option<String>>>>,
    }

    /// Entries, the end cursor, and whether more follow.
    type Answer = (Vec<u32>, Option<&'static str>, bool);

    struct Page(Answer);

    impl ListPage for Page {
        type Item = u32;

        fn has_next_page(&self) -> bool {
            self.0.2
        }

        fn end_cursor(&self) -> Option<&str> {
            self.0.1
        }

        fn into_items(self) -> Vec<u32> {
            self.0.0
        }
    }

    #[derive(Clone)]
    struct ListThings {
        service: Service,
        after: Option<String>,
        backwards: bool,
    }

    impl ListCall for ListThings {
        type Page = Page;
        type Fetch = BoxFuture<'static, Result<ResponseValue<Page>, Error>>;

        fn operation(&self) -> &'static Operation {
            &OPERATION
        }

        fn start(&self) -> Option<&str> {
            self.after.as_deref()
        }

        fn is_backwards(&self) -> bool {
            self.backwards
        }

        fn read_after(self, cursor: String) -> Self {
            Self { after: Some(cursor), ..self }
        }

        fn fetch(self) -> Self::Fetch {
            self.service.asked.lock().unwrap().push(self.after);
            let page = self.service.pages.lock().unwrap().remove(0);
            Box::pin(async { Ok(ResponseValue::new(Page(page))) })
        }
    }

    fn call(pages: impl IntoIterator<Item = Answer>) -> ListThings {
        let service = Service::default();
        service.pages.lock().unwrap().extend(pages);
        ListThings { service, after: None, backwards: false }
    }

    fn asked(call: &ListThings) -> Vec<Option<String>> {
        call.service.asked.lock().unwrap().clone()
    }

    /// What a stream hands out, up to its first error.
    async fn drained(items: &mut Items<'static, ListThings>) -> (Vec<u32>, Option<PagingError>) {
        let mut all = Vec::new();
        while let Some(item) = items.next().await {
            match item {
                Ok(item) => all.push(item),
                Err(Error::Paging { problem, .. }) => {
                    assert!(items.next().await.is_none(), "the stream goes on after {problem}");
                    return (all, Some(problem));
                }
                Err(error) => panic!("{error}"),
            }
        }
        (all, None)
    }

    #[tokio::test]
    async fn every_page_is_read_after_the_one_before_and_only_when_it_is_needed() {
        let call =
            call([(vec![1, 2], Some("B"), true), (vec![], Some("C"), true), (vec![3], Some("D"), false)]);
        let mut items = Items::new(call.clone());
        assert!(asked(&call).is_empty());
        assert_eq!(items.next().await.unwrap().unwrap(), 1);
        assert_eq!(asked(&call), [None]);
        assert_eq!(items.cursor(), None, "the first page is not used up");
        assert_eq!(items.next().await.unwrap().unwrap(), 2);
        assert_eq!(items.cursor(), Some("B"));
        assert_eq!(drained(&mut items).await, (vec![3], None));
        assert_eq!(asked(&call), [None, Some("B".to_owned()), Some("C".to_owned())]);
        assert_eq!(items.cursor(), Some("D"), "a later run continues behind the last entry");
    }

    #[tokio::test]
    async fn a_list_is_read_on_from_a_cursor() {
        let call = ListThings { after: Some("K".to_owned()), ..call([(vec![7], None, false)]) };
        let mut items = Items::new(call.clone());
        assert_eq!(items.cursor(), Some("K"));
        assert_eq!(drained(&mut items).await, (vec![7], None));
        assert_eq!(asked(&call), [Some("K".to_owned())]);
        assert_eq!(items.cursor(), Some("K"), "an empty page has no cursor of its own");
    }

    #[tokio::test]
    async fn a_cursor_that_comes_back_ends_the_list_before_anything_is_handed_out_twice() {
        let repeated = |cursor: &str| Some(PagingError::CursorRepeated { cursor: cursor.to_owned() });
        // The service ignores the cursor.
        let stuck = call([(vec![1], Some("B"), true), (vec![1], Some("B"), true)]);
        assert_eq!(drained(&mut Items::new(stuck)).await, (vec![1], repeated("B")));
        // It goes round in a circle.
        let round = [(vec![1], Some("B"), true), (vec![2], Some("C"), true), (vec![1], Some("B"), true)];
        assert_eq!(drained(&mut Items::new(call(round))).await, (vec![1, 2], repeated("B")));
        // It leads back to where the list was continued.
        let back = ListThings { after: Some("A".to_owned()), ..call([(vec![1], Some("A"), true)]) };
        assert_eq!(drained(&mut Items::new(back)).await, (vec![], repeated("A")));
    }

    #[tokio::test]
    async fn what_cannot_be_read_to_the_end_is_an_error() {
        let lost = call([(vec![1], None, true)]);
        assert_eq!(drained(&mut Items::new(lost)).await, (vec![], Some(PagingError::NoCursor)));
        let backwards = ListThings { backwards: true, ..call([]) };
        assert_eq!(drained(&mut Items::new(backwards.clone())).await, (vec![], Some(PagingError::Backwards)));
        assert!(asked(&backwards).is_empty());
        let long = [(vec![1], Some("B"), true), (vec![2], Some("C"), true)];
        let mut items = Items::new(call(long)).max_pages(2);
        assert_eq!(drained(&mut items).await, (vec![1, 2], Some(PagingError::TooManyPages { limit: 2 })));
        assert_eq!(items.cursor(), Some("C"));
    }

    #[tokio::test]
    async fn all_entries_are_collected_up_to_a_limit() {
        let pages = || call([(vec![1, 2], Some("B"), true), (vec![3], None, false)]);
        assert_eq!(Items::new(pages()).all(3).await.unwrap(), [1, 2, 3]);
        let error = Items::new(pages()).all(2).await.unwrap_err();
        assert!(matches!(error, Error::Paging { problem: PagingError::TooManyItems { limit: 2 }, .. }));
    }

    #[tokio::test]
    async fn an_entry_that_moves_to_a_later_page_is_handed_out_once_if_that_is_wanted() {
        let pages = || call([(vec![10, 11], Some("B"), true), (vec![11, 12], None, false)]);
        assert_eq!(drained(&mut Items::new(pages())).await.0, [10, 11, 11, 12]);
        assert_eq!(drained(&mut Items::new(pages()).unique_by(|item| *item)).await.0, [10, 11, 12]);
    }

    #[tokio::test]
    async fn only_entries_that_pass_every_filter_are_handed_out() {
        let pages = || call([(vec![10, 11], Some("B"), true), (vec![11, 12], None, false)]);
        let odd = |item: &u32| item % 2 == 1;
        assert_eq!(drained(&mut Items::new(pages()).only(odd)).await.0, [11, 11]);
        assert_eq!(drained(&mut Items::new(pages()).unique_by(|item| *item).only(odd)).await.0, [11]);
        assert_eq!(drained(&mut Items::new(pages()).only(odd).unique_by(|item| *item)).await.0, [11]);
    }

    #[test]
    fn only_plain_cursors_are_shown() {
        let text = |cursor: &str| PagingError::CursorRepeated { cursor: cursor.to_owned() }.to_string();
        assert!(text("MFRGG===").contains("the cursor \"MFRGG===\" came back"));
        assert!(text("a b\u{1b}[2J").contains("the cursor of 7 bytes came back"));
        assert!(text(&"A".repeat(100)).contains(&format!("\"{}\"…", "A".repeat(64))));
    }
}
