// Every default with its unit and reason. Nothing else in the product decides a number on its own.

export const DEFAULTS = {
  /** The first user's collections. */
  collectionPrefix: "whisperengine_memory_",
  /** The first user's payload key. */
  textKey: "content",
  /** Model of vectors that nobody described: the first user's. */
  sourceModel: "all-MiniLM-L6-v2",
  /** The small model that comes with the project, for trying things out: nobody may take it for more. */
  builtInModel: "static-768-8k",
  // 64 ids of 36 characters stay far below the queue's message limit, 64 vectors of 768-D are 0.6 MB of JSON
  // (requests are kept under 5 MB), and one page is seconds of work: little to repeat after a crash.
  pageSizePoints: 64,
  pageSizePointsMax: 1024,
  // A write-ahead block is one ledger object for 20 pages: 20 times fewer writes, and embedders start early.
  pagesPerBlock: 20,
  // A verification stores where it is at least every 200 pages: minutes of comparing, not hours, are repeated.
  comparedPagesPerBlock: 200,
  // Step Functions' inline Map runs at most 40 iterations side by side.
  rangesMax: 40,
  // Below this a second coordinator costs more than it saves.
  pointsPerRangeMin: 20_000,
  // Quantiles of 1,000 random ids cut 40 ranges within about 20 % of each other's size.
  rangeSampleIds: 1000,
  // Ids only: 1,000 UUIDs are 40 kB.
  scrollIds: 1000,
  // Reconcile reads again until nothing changed meanwhile. A page that changes eight times in a row goes back
  // to the queue and finds a quieter moment.
  reconcileRoundsMax: 8,
  // Each pass repairs what was written during the one before; traffic that outruns ten passes needs a fence.
  passesMax: 10,
  // Points looked at before planning: a key that 256 random points lack is in fewer than 2 % of them (p < 0.01).
  samplePoints: 256,
  // Texts embedded with the old model to prove that it made the stored vectors, and timed for the forecast.
  sampleTexts: 48,
  // A stored vector and one made now agree to float error when the model is the same one; int8 weights of the
  // same model reach 0.99, another model's vectors of the same size lie near 0. More than half must reach it.
  provenCosine: 0.98,
  // Vectors made again in the gate, on the same files: only padding changes the last bits.
  gateCosine: 0.9999,
  // Length of a normalised vector after float32 and Qdrant's own normalisation.
  normTolerance: 1e-3,
  // Scores of equal vectors differ in the last bits of float32, by the order of summing.
  sameScore: 1e-5,
  // Points looked up in the gate by their own vector.
  gateSamplePoints: 32,
  // A share of 5 % is then known to within 3 percentage points (1.96 x sqrt(0.05 x 0.95 / 200)).
  truncationSampleTexts: 200,
  // Three days: a weekend passes before the old collection may be deleted.
  keepOldHours: 72,
  // Ledger objects read side by side.
  parallelReads: 16,
  // The next look at a run's progress comes after this share of the time it still needs, and after a part of the
  // time in which nothing moved; between the seconds below, the upper of which grows with the time the pass has
  // taken. 25,000 events of history and nine a look: test/migration/pace.test.ts does the sum for 100 million points.
  lookShare: 0.05,
  lookShareMax: 0.5,
  lookIdleShare: 0.02,
  lookElapsedShare: 0.005,
  lookSecondsMin: 2,
  lookSecondsMax: 300,
  // So many collections may look that often in one execution; where more share its history, each looks more rarely.
  lookSharing: 5,
  readyGrowth: 1.5,
  // The largest collections are written to disk within hours; after a day the server has forgotten the request.
  snapshotHoursMax: 24,
  // One execution takes up so many collections of a prefix: each costs about 400 events of its history, and a
  // few kB of its 256 KiB of output.
  collectionsMax: 50,
  // All outcomes together; the rest of the 256 KiB is for what stands around them.
  outcomesCharsMax: 200_000,
  // A sentence for a person; the whole one is in the report and in the log.
  sentenceCharsMax: 800,
  // The state that allows a write is at most so old when it is acted on; a slower answer is asked for again.
  guardSecondsMax: 2,
  // A guarded write is given up after this time and sent again only after another look at the state. Writes of a
  // page take well below a second; ten seconds are a server in trouble.
  writeSecondsMax: 10,
  // After writes are held back: the oldest permission (2 s, and 1 s until it is used) and the longest write (10 s)
  // that can still be under way, and 2 s for the network. What the server has taken in by then but not yet applied,
  // it says itself (update_queue). test/qdrant/writes.test.ts holds the sum.
  drainSeconds: 15,
  // A fence stands while the drain lasts and the last look is made: a shorter one would always be too late.
  fenceSecondsMin: 20,
  fenceSecondsMax: 3600,
  // Missing pages are sent again this often before a person is asked.
  redrivesMax: 5,
  // A call stops taking work this long before its function's time is over.
  deadlineReserveMs: 30_000,
  // Server and wire time of a point besides its embedding, read twice and written once.
  secondsPerPoint: 0.001,
  // Starting a process and loading a model, with room for a slow disk.
  coldStartSeconds: 6,
  // A shared machine wanders by a third; the sample's first texts run on cold caches.
  forecastLow: 0.7,
  forecastHigh: 1.8,
  embedderGiB: 1769 / 1024,
  // A page is sent, received and deleted; its record and its share of a block are written, and read by progress and gate.
  queueRequestsPerPage: 3,
  ledgerWritesPerPage: 2,
  ledgerReadsPerPage: 6,
  // Looks at the progress are timed so that a run makes about as many, whatever its size: docs/scale.md.
  transitionsPerRun: 400,
  // A float32 with its comma, written as short as it can be: 9.5 kB for 768 of them.
  bytesPerNumber: 12.4,
  // AWS list prices in US dollars, us-east-1, x86: https://aws.amazon.com/lambda/pricing/, /sqs/pricing/,
  // /s3/pricing/, /step-functions/pricing/, /ec2/pricing/on-demand/ (data transfer).
  prices: {
    gibSecond: 0.0000166667,
    queueMillion: 0.4,
    writeMillion: 5,
    readMillion: 0.4,
    transitionMillion: 25,
    trafficGb: 0.09,
    // Coordinator, progress and verifier read a million points twice in minutes of one function.
    otherFunctionsMillionPoints: 0.05,
  },
  // What a sample of texts says of all of them is right within a tenth, unless the sample was unlucky.
  sampleSpread: 0.1,
  // A status names silence after this long: three times a slow page of a cold embedder.
  quietSeconds: 120,
  // It names waits that Qdrant asked for from this share of the work on, and a rate below the forecast from so many
  // points on.
  waitShareTold: 0.1,
  ratePointsMin: 256,
  // Qdrant's own rule of thumb: points x dimensions x 4 bytes x 1.5.
  memoryFactor: 1.5,
  // Optimizers write a segment anew before they drop the old one.
  diskFactor: 2,
  // Qdrant's own defaults where a collection does not say otherwise.
  hnswLinks: 16,
  walCapacityMiB: 32,
  // A UUID, its number inside the segment both ways, and a version.
  idBytes: 40,
  // Failures and skipped points listed one by one in a report; the rest is counted.
  listedPointsMax: 1000,
  // Points that a verification names, of each kind of difference: enough to look at, and small in every block.
  listedDifferences: 10,
  /** Comparing search with the old and the new model. */
  quality: {
    // Ten answers are what a chat puts into its prompt; deeper ranks are not seen by anybody.
    depth: 10,
    // 2,000 resamples move the ends of a 95 % interval by less than a tenth of its width.
    resamples: 2000,
    // Any number: it only has to be the same one tomorrow.
    seed: 20_260_101,
    // With 98 of 100 answers the same the models differ by ties, and a difference is luck.
    alikeOverlap: 0.98,
    // Enough memories to make 200 queries from when every second one is too short.
    sampledMemories: 600,
    // 64 queries with 128 memories are 8,192 pairs: a share of 1 % still rests on 80 of them.
    scoredQueries: 64,
    scoredMemories: 128,
    // The page stays readable; the rest is in the plot.
    listedQueries: 20,
    // Of each of them this many answers of either side, and the relevant ones below.
    listedAnswers: 5,
    // Two lines of a desktop's column: enough to know a memory again.
    excerptCharacters: 160,
    bars: {
      // "Better than before", proven: the lowest bar worth a migration. Ask for 0.1 to hold a model to "+10 %".
      minNdcgGain: 0,
      // Two in a hundred found memories may be lost to noise; more is a loss somebody will notice.
      minRecallGain: -0.02,
      // Sound pairs agreed on 0.28 (word tables against a real model) to 0.73, broken ones on 0.005 to 0.08 where no label
      // decided: docs/quality.md.
      minOverlap: 0.15,
      // Qdrant's own default graph reaches 0.97 and more at this depth.
      minAnnRecall: 0.95,
      // The first user's limit for embedding a query while a person waits.
      maxQueryEmbedMs: 50,
      // Below 20 queries that either model answers a percentile interval is too narrow to be believed.
      minQueries: 20,
    },
  },
  /** Queries made from memories where the user has none. */
  knownItems: {
    // 200 queries put a 95 % interval of about 0.06 around a difference in nDCG@10.
    queries: 200,
    // Three words match half a collection.
    wordsMin: 4,
    // Halves of shorter sentences share nothing but grammar: on 200 chat messages of 8 to 15 words neither
    // built-in model found more than one in a hundred.
    halvedWordsMin: 16,
    // About what a person remembers of a sentence.
    wordsMax: 12,
  },
  /** What one query may ask for. */
  query: {
    limit: 10,
    // 100 texts with 100 hits of 600 bytes each are 6 MB: the most a function may answer.
    textsMax: 100,
    limitMax: 100,
    // How long an application goes on with the collection an alias pointed to: a request saved for most queries,
    // and after a swap the old side is kept equal for far longer.
    followedMs: 2000,
  },
  /** Points over time, in every sum of records. */
  throughput: {
    bucketMs: 1000,
    // A plot of a phone's width shows no more; 120 buckets add about 2 kB to a sum.
    bucketsMax: 120,
  },
  /** A consumer of the pages queue that polls by itself (functions/embedder/poll.ts). */
  poll: {
    // Half of SQS's longest poll: a stop waits for a poll under way, and containers are given 30 s to stop.
    waitMs: 10_000,
    // A box that dies shows its pages again after two minutes; three beats in that time keep those of a living one.
    hideMs: 120_000,
    // A page on one vCPU takes seconds to a minute; SQS hides a message for at most 12 hours.
    treatMsMax: 900_000,
    // Of the 30 s between SIGTERM and SIGKILL that containers get by default, for pages to end and to be given back.
    stopMs: 20_000,
    // 1, 2, 4 s … after failures in a row: what is down is asked once a minute by each seat.
    restMs: 1000,
    restMsMax: 60_000,
    // 30 s, 1, 2 … 15 minutes before a page that failed is seen again: its eight deliveries last through an outage
    // of 45 minutes.
    retryMs: 30_000,
    retryMsMax: 900_000,
  },
  /** Score thresholds translated for readers who filter by score: those found in most examples. */
  scoreThresholds: [0.3, 0.5, 0.7],
  // More than any application was seen to use, and still a table people read.
  scoreThresholdsMax: 20,
} as const;
