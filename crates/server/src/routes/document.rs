//! The frame of the OpenAPI document: what every route shares.

use utoipa::{
    OpenApi, PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, Ref, RefOr, ResponseBuilder,
        path::Operation,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{COOKIE, Problem};

/// Routes that answer whoever asks.
pub const OPEN: [(&str, &str); 2] = [("get", "/api/health"), ("post", "/api/v1/session")];

#[derive(OpenApi)]
#[openapi(info(
    title = "Countersign",
    description = "Image annotation whose labels carry their evidence. Refusals are application/problem+json with a \
                   stable `code`; what is unknown and what is forbidden answer alike. Moments are microseconds since \
                   1970 UTC in fields that end in `_at` or are called `at`. Lists are paged by `limit` and `cursor`."
))]
struct Frame;

/// The document before any route.
pub fn start() -> utoipa::openapi::OpenApi {
    let mut document = Frame::openapi();
    // No licence of the crate, no contact: they are the project's, not the interface's.
    document.info.license = None;
    document.info.contact = None;
    let components = document.components.get_or_insert_default();
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE)));
    let token = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    components.add_security_scheme("session", cookie);
    components.add_security_scheme("token", token);
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    document
}

/// Adds to every route what a refusal looks like and who may call.
pub fn finish(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        for (method, operation) in operations(&mut item) {
            describe(operation, OPEN.contains(&(method, path.as_str())));
        }
        // A tail parameter is written with a star in routes only.
        document.paths.paths.insert(path.replace("{*", "{"), item);
    }
    document
}

/// The operations of a path with the names of their methods.
pub fn operations(
    item: &mut utoipa::openapi::PathItem,
) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

fn describe(operation: &mut Operation, open: bool) {
    // Function names repeat between resources; names of operations must not.
    let tag = operation.tags.iter().flatten().next();
    operation.operation_id = operation.operation_id.take().map(|name| match tag {
        Some(tag) if *tag != name => format!("{tag}_{name}"),
        _ => name,
    });
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
    let refusal = ResponseBuilder::new()
        .description("A refusal with its code.")
        .content("application/problem+json", problem)
        .build();
    operation.responses.responses.insert("default".into(), RefOr::T(refusal));
    if !open {
        let one = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
        operation.security = Some(vec![one("session"), one("token")]);
    }
}
