//! Bringing what Pleo publishes today: the index, the pages, one document an API.
