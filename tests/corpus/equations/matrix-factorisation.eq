# Two factors of a given matrix with penalties
# n = 5, p = 4; R mask
Y: n x p
R: n x p input
U: n x 2
V: p x 2
E = R * (U @ V.T - Y)
loss = sum(E**2) / 2 + 0.1 * sum(U**2) + 0.1 * sum(V**2)
