/** The words of the operator's page in English and Korean, by the browser's language. */

const en = {
  title: 'Pixels to look at',
  titlePreview: 'Before and after',
  done: 'Finish',
  decided: (count: number, all: number) => `${count} of ${all} series decided`,
  /** Of a series: files, and the frames in them. */
  size: (files: number, frames: number) => {
    const images = files === 1 ? '1 image' : `${files} images`
    return frames === files ? images : `${images}, ${frames} frames`
  },
  where: (at: number, all: number, seen: number) => `${at} of ${all} · seen ${seen}`,
  play: 'Play every image (P)',
  only: 'This image only (F)',
  after: 'After (space)',
  leave: 'Leave out (L)',
  nothing: 'Nothing identifying (Enter)',
  blank: (count: number) => `Blank ${count === 1 ? '1 box' : `${count} boxes`} (Enter)`,
  seeAll: 'See every image first: wheel, PageDown or P.',
  help: 'Drag to draw a box for all images; Tab chooses one, arrows move it, Shift and arrows resize, Delete removes; N makes one.',
  notShown: 'This image cannot be shown here, so it can only be left out.',
  gone: 'The command has ended. This page can be closed.',
  finished: 'Done. This page can be closed.',
  reasons: {
    'burned-in': 'Says that identifiers are burned in',
    'written-on': 'Of a kind that is written on',
    'not-declared-free': 'Not declared free of text',
    'text-found': 'Text was found',
    preview: 'Preview',
  },
  states: { blank: 'blanked', nothing: 'nothing identifying', 'leave-out': 'left out' },
  columns: ['Attribute', 'Before', 'After'],
}

const ko: typeof en = {
  title: '확인할 영상',
  titlePreview: '처리 전과 후',
  done: '마침',
  decided: (count, all) => `시리즈 ${all}개 중 ${count}개 결정`,
  size: (files, frames) =>
    frames === files ? `영상 ${files}장` : `영상 ${files}개, 프레임 ${frames}장`,
  where: (at, all, seen) => `${at} / ${all} · 확인 ${seen}`,
  play: '모든 영상 재생 (P)',
  only: '이 영상만 (F)',
  after: '처리 후 (스페이스)',
  leave: '제외 (L)',
  nothing: '식별정보 없음 (Enter)',
  blank: (count) => `${count}곳 가리기 (Enter)`,
  seeAll: '먼저 모든 영상을 보십시오: 휠, PageDown 또는 P.',
  help: '끌어서 모든 영상에 상자를 그립니다. Tab 선택, 화살표 이동, Shift+화살표 크기, Delete 삭제, N 새 상자.',
  notShown: '이 영상은 여기서 볼 수 없어 제외만 할 수 있습니다.',
  gone: '명령이 끝났습니다. 이 창을 닫아도 됩니다.',
  finished: '마쳤습니다. 이 창을 닫아도 됩니다.',
  reasons: {
    'burned-in': '식별정보가 새겨져 있다고 표시됨',
    'written-on': '글자를 써넣는 종류의 영상',
    'not-declared-free': '글자가 없다고 선언되지 않음',
    'text-found': '글자가 발견됨',
    preview: '미리보기',
  },
  states: { blank: '가림', nothing: '식별정보 없음', 'leave-out': '제외' },
  columns: ['속성', '전', '후'],
}

export const words = navigator.language.startsWith('ko') ? ko : en
