// Uploads a file with tus-js-client, as a browser would; says on each line what it sends, and at the end where the upload is.
import { createReadStream, statSync } from "node:fs";
import { Upload } from "tus-js-client";

const { TUS_URL: endpoint, TUS_TOKEN: token, TUS_FILE: path, TUS_CHUNK: chunk } = process.env;
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const MOST_FAILURES = 5;
let failures = 0;
const upload = new Upload(createReadStream(path), {
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: "walk.wav", filetype: "audio/wav" },
  chunkSize: Number(chunk),
  uploadSize: statSync(path).size,
  retryDelays: [100, 200, 300, 500, 800, 1000, 1000, 2000, 2000, 3000, 5000, 5000],
  onBeforeRequest: (request) => {
    if (request.getMethod() === "PATCH") say({ from: Number(request.getHeader("Upload-Offset")) });
  },
  // A gateway that starts anew listens a tenth of a second before it has read its routes, and answers 404 then: the upload is not
  // begun anew for that, but tried again.
  onUploadUrlAvailable: () => {
    upload.options.endpoint = null;
  },
  onError: (reason) => {
    say({ failed: String(reason) });
    if (++failures > MOST_FAILURES || !upload.url) process.exit(1);
    setTimeout(() => upload.start(), 500);
  },
  onSuccess: () => {
    say({ url: upload.url });
    process.exit(0);
  },
});
upload.start();
