// Uploads a file with tus-js-client, as a browser would; says on each line where a request begins, and at the end where the upload
// is and how many bytes went out on its connections. Its own `onProgress` is told ten times a second, and not at a break.
import { subscribe } from "node:diagnostics_channel";
import { createReadStream, statSync } from "node:fs";
import { Upload } from "tus-js-client";

const { TUS_URL: endpoint, TUS_TOKEN: token, TUS_FILE: path, TUS_CHUNK: chunk } = process.env;
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const MOST_FAILURES = 5;
const sockets = [];
let failures = 0;
subscribe("net.client.socket", ({ socket }) => sockets.push(socket));
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
    say({ url: upload.url, sent: sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0) });
    process.exit(0);
  },
});
upload.start();
