// The people's play of bolt.cjs, with an app that is told over HTTP.
'use strict';
require('./bolt.cjs');
