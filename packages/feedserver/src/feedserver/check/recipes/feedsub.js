// A feed reader as people write it with feedsub, as its manual shows. feedsub keeps in memory what it has seen; this
// script writes that to a file after each poll.
// node feedsub.js add URL… | poll | list
const fs = require("fs");
const os = require("os");
const path = require("path");
const FeedSub = require("feedsub");

const store = path.join(os.homedir(), "feeds.json");
const remembered = 10; // feedsub's default for maxHistory

function poll(url, { items, history, lastDate, headers }) {
  const reader = new FeedSub(url, { emitOnStart: true, history, lastDate, requestOpts: { headers } });
  return new Promise((resolve) => {
    const end = (found) =>
      resolve({
        items: items.concat(found),
        history: history.concat(found.map((item) => [item])).slice(-remembered),
        lastDate: reader.options.lastDate,
        headers: reader.getOpts.headers,
      });
    reader.on("items", end);
    reader.on("error", (error) => {
      console.error(`${url}: ${error.message}`);
      end([]);
    });
    reader.read();
  });
}

async function main(command, urls) {
  const feeds = fs.existsSync(store) ? JSON.parse(fs.readFileSync(store, "utf8")) : {};
  const save = () => fs.writeFileSync(store, JSON.stringify(feeds));
  if (command === "add") {
    for (const url of urls) feeds[url] = { items: [], history: [], lastDate: null, headers: {} };
    save();
  } else if (command === "poll") {
    const polls = Object.entries(feeds).map(async ([url, known]) => {
      feeds[url] = await poll(url, known);
      save();
    });
    await Promise.all(polls);
  } else if (command === "list") {
    for (const { items } of Object.values(feeds)) {
      for (const { title, link, author, description, pubdate } of items) {
        console.log(JSON.stringify({ title: title?.text ?? title, link, author, content: description, date: pubdate }));
      }
    }
  }
  process.exit(0); // its sockets would keep the process alive
}

main(process.argv[2], process.argv.slice(3));
