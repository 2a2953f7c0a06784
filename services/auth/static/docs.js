// Shows the service that the address names, or the first one. Sign in once: the token stays while one goes from service to service.
const links = [...document.querySelectorAll("nav a")];
const asked = new URLSearchParams(location.search).get("service");
const chosen = links.find((link) => link.dataset.service === asked) || links[0];
chosen.setAttribute("aria-current", "page");
SwaggerUIBundle({
  url: chosen.dataset.document,
  dom_id: "#documentation",
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
