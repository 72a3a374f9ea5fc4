# Relations as diagonal bilinear forms
# Yang, Yih, He, Gao and Deng (2015), Embedding entities and relations for learning and inference in knowledge bases
H, T: 5 x m input
R: 3 x m input
Y: 1 x m
E: 4 x 5
V: 4 x 3
s = sum((E @ H) * (V @ R) * (E @ T), axis=0)
loss = mean(softplus(-Y * s)) + 0.01 * (sum(E**2) + sum(V**2))
