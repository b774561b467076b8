// The people's play of bolt.cjs, with an app that is told over Socket Mode.
'use strict';
require('./bolt.cjs');
