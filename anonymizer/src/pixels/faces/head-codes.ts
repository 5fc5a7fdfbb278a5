/**
 * Codes of regions that include the face or most of the head (PS3.16 CID 4 and annex L): SNOMED CT,
 * then SNOMED RT of older files, then what they mean. The meanings are checked against a dictionary of
 * others by head-codes.test.ts.
 */
const ROWS = `
69536005 T-D1100 Head
774007 T-D1000 Head and neck
312779009 T-D006D Bone of head and neck
38266002 T-D0010 Entire body
89546000 T-11100 Skull
110517009 T-11011 Vertebral column and cranium
1101003 T-D1400 Intracranial
128319008 T-A0190 Intracranial
12738006 T-A0100 Brain
372073000 T-A010F Cerebral hemisphere
113305005 T-A6000 Cerebellum
56329008 T-B1000 Pituitary
42575006 T-D1460 Pituitary fossa
60911003 T-11130 Temporal bone
59066005 T-11133 Mastoid
91716001 T-AB500 Mastoid cells
361078006 T-AB959 Internal auditory canal
84301002 T-AB200 External auditory meatus
117590005 T-AB001 T-AB000 Ear
28347008 T-AB100 External ear
25342003 T-AB300 Middle ear
89545001 T-D1200 Face
91397008 T-11196 Facial bones
81745001 T-AA000 Eye
371398005 T-D0801 Eye region
363654007 T-D14AE T-D1480 Orbit
45206002 T-21000 Nose
74386004 T-11149 Nasal bone
279549004 T-21301 Nasal cavity
2095001 T-22000 Paranasal sinus
71836000 T-23000 Nasopharynx
31389004 T-55200 Oropharynx
13881006 T-11166 Zygomatic bone
70925003 T-11170 Maxilla
91609006 T-11180 Mandible
661005 T-D1213 Jaw
53620006 T-15290 Temporomandibular joint
123851003 T-D0662 Mouth
74262004 T-51004 Oral cavity
28035005 T-54000 Teeth
21974007 T-53000 Tongue
45289007 T-61100 Parotid gland
`

/** What each code means. */
export const HEAD_CODES: ReadonlyMap<string, string> = new Map(
  ROWS.trim()
    .split('\n')
    .flatMap((row) => {
      const codes = row.split(' ').filter((word) => /^(\d{6,}|T-[0-9A-F]{5})$/.test(word))
      const meaning = row.split(' ').slice(codes.length).join(' ')
      return codes.map((code): [string, string] => [code, meaning])
    }),
)
