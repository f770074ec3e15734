// The API's own page: Swagger UI on our OpenAPI document, offline.
globalThis.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null });
