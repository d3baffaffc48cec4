import { start } from "./app.js";
import { ServerModel } from "./server_model.js";

start(new ServerModel());
