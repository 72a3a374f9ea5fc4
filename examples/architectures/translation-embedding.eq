# Relations as translations between entities, a margin between what is true and what is not
# Bordes, Usunier, Garcia-Duran, Weston and Yakhnenko (2013), Translating embeddings for modeling multi-relational data
H, T, H_n, T_n: 5 x m input
R: 3 x m input
E: 4 x 5
V: 4 x 3
near = norm(E @ H + V @ R - E @ T, axis=0)
far = norm(E @ H_n + V @ R - E @ T_n, axis=0)
loss = sum(max(0, 1 + near - far))
