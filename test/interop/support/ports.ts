import { FreePorts as LabPorts } from '../../../src/app/lab/index.ts';
import { nodeRuntime } from '../../../src/base/runtime/index.ts';

export class FreePorts extends LabPorts {
  constructor() {
    super(nodeRuntime.random);
  }
}
