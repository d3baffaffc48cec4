import { start } from "./app.js";
import { LocalModel } from "./local_model.js";

start(new LocalModel(JSON.parse(document.getElementById("run").textContent)));
